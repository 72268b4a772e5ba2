"""Systems Manager parameters."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from local.providers.aws import tags
from local.providers.aws.calls import call
from local.providers.resource import (
    UNKNOWN,
    Autoname,
    CheckFailure,
    Created,
    Function,
    Properties,
    ProviderError,
    ResourceType,
    finishing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES: Final = ("String", "StringList", "SecureString")
_TIERS: Final = ("Standard", "Advanced", "Intelligent-Tiering")
_DATA_TYPES: Final = ("text", "aws:ssm:integration", "aws:ec2:image")
# Systems Manager user guide, "Managing parameter tiers": the largest value in bytes.
_VALUE_BYTES: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
# API reference, PutParameter, "Name": letters, numbers, _.-/ ; at most 1011 characters; 15 levels; not aws or ssm.
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-/]{1,1011}\Z")
_LEVELS: Final = 15
_VALUES: Final = ("value", "insecureValue")
#: Amazon Linux 2023 User Guide, "Using SSM parameters to find AMIs"; the emulator has those of one architecture.
_PUBLIC_IMAGES: Final = re.compile(r"/aws/service/ami-amazon-linux-latest/[a-z0-9._-]+")


class Parameter(ResourceType):
    """``aws:ssm/parameter:Parameter``; its id is its name."""

    token = "aws:ssm/parameter:Parameter"  # noqa: S105 - a type token, no secret
    modelled: ClassVar = frozenset(
        {
            *("allowedPattern", "dataType", "description", "insecureValue", "keyId", "name", "overwrite"),
            *("tags", "tier", "type", "value"),
        }
    )
    # Terraform registry, aws_ssm_parameter: "Forces new resource" at name; tier only on a downgrade, see `update`.
    replaces: ClassVar = {
        "name": "Terraform registry, aws_ssm_parameter: name forces a new resource",
        "dataType": "SSM API, PutParameter: the data type of an existing parameter cannot be changed",
    }
    autoname = Autoname("name", max_length=1011)
    defaults: ClassVar = {"dataType": "text", "tier": "Standard"}
    computed: ClassVar = frozenset({"keyId"})
    recomputed: ClassVar = {
        "version": frozenset({"allowedPattern", "description", "insecureValue", "keyId", "tier", "type", "value"})
    }
    secret_outputs: ClassVar = frozenset({"value"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of the name, the value and the enumerations."""
        del provider
        failures = [
            CheckFailure(name, f"allowed are {', '.join(allowed)}, not {inputs[name]!r}")
            for name, allowed in (("type", _TYPES), ("tier", _TIERS), ("dataType", _DATA_TYPES))
            if isinstance(inputs.get(name), str) and inputs[name] not in allowed
        ]
        return failures + _name_failures(inputs.get("name")) + _value_failures(inputs)

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Put a new parameter; an existing one is refused unless `overwrite` says otherwise."""
        client = provider.client("ssm", inputs["region"])
        wanted = tags.as_list(provider.tags(inputs))
        overwrite = inputs.get("overwrite", False)
        # PutParameter: "Tags and overwrite can't be used together".
        arguments = {"Overwrite": True} if overwrite else {"Tags": wanted}
        call(f"creating parameter {inputs['name']}", client.put_parameter, **_request(inputs), **arguments)
        if overwrite:
            with finishing(inputs["name"]):
                self._tag(client, inputs["name"], provider.tags(inputs))
        return Created(inputs["name"])

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live parameter with its value."""
        client = provider.client("ssm", state.get("region"))
        answer = _found(client, client.get_parameter, Name=resource_id, WithDecryption=True)
        if answer is None:
            return None
        parameter = answer["Parameter"]
        filters = [{"Key": "Name", "Option": "Equals", "Values": [resource_id]}]
        described = call("describing parameters", client.describe_parameters, ParameterFilters=filters)
        details: Properties = next(iter(described["Parameters"]), {})
        insecure = state.get("insecureValue") is not None
        return {
            "name": parameter["Name"],
            "type": parameter["Type"],
            "insecureValue": parameter["Value"] if insecure else None,
            "value": None if insecure else parameter["Value"],
            "version": parameter["Version"],
            "arn": parameter["ARN"],
            "dataType": parameter.get("DataType", "text"),
            "description": details.get("Description") or None,
            "allowedPattern": details.get("AllowedPattern") or None,
            "tier": details.get("Tier", "Standard"),
            "keyId": details.get("KeyId"),
            "tags": self._tags(client, resource_id),
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put the parameter again over itself and bring its tags in line."""
        client = provider.client("ssm", new["region"])
        if old.get("tier") == "Advanced" and new.get("tier", "Standard") == "Standard":
            raise ProviderError(f"parameter {resource_id}: an Advanced parameter cannot become Standard; replace it")
        # Every put makes a new version, so a change of tags alone must not put.
        if any(_said(old, name) != _said(new, name) for name in self.recomputed["version"]):
            call(f"updating parameter {resource_id}", client.put_parameter, **_request(new), Overwrite=True)
        self._tag(client, resource_id, provider.tags(new))
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the parameter."""
        client = provider.client("ssm", state.get("region"))
        _found(client, client.delete_parameter, Name=resource_id)

    def _tags(self, client: Any, name: str) -> dict[str, str]:
        answer = call(
            f"reading tags of parameter {name}",
            client.list_tags_for_resource,
            ResourceType="Parameter",
            ResourceId=name,
        )
        return tags.as_map(answer["TagList"])

    def _tag(self, client: Any, name: str, wanted: dict[str, str]) -> None:
        added, removed = tags.changes(self._tags(client, name), wanted)
        target = {"ResourceType": "Parameter", "ResourceId": name}
        if added:
            call(f"tagging parameter {name}", client.add_tags_to_resource, **target, Tags=tags.as_list(added))
        if removed:
            call(f"untagging parameter {name}", client.remove_tags_from_resource, **target, TagKeys=removed)


def _found(client: Any, method: Callable[..., Any], **arguments: Any) -> Any:
    """Return the answer of a call, or None when the parameter does not exist."""
    try:
        return method(**arguments)
    except client.exceptions.ParameterNotFound:
        return None


def _said(properties: Properties, name: str) -> Any:
    return properties.get(name, Parameter.defaults.get(name))


def _request(inputs: Properties) -> Properties:
    value = inputs["insecureValue"] if "insecureValue" in inputs else inputs["value"]
    optional = {
        "Description": inputs.get("description", ""),
        "KeyId": inputs.get("keyId"),
        "AllowedPattern": inputs.get("allowedPattern"),
        "DataType": inputs.get("dataType"),
        "Tier": inputs.get("tier", "Standard"),
    }
    given = {key: item for key, item in optional.items() if item is not None}
    return {"Name": inputs["name"], "Type": inputs["type"], "Value": value, **given}


def _name_failures(name: Any) -> list[CheckFailure]:
    if not isinstance(name, str):
        return []
    if not _NAME.match(name) or "//" in name:
        return [
            CheckFailure("name", f"{name!r} is no parameter name: letters, digits, _.- and single / between levels")
        ]
    if "/" in name and not name.startswith("/"):
        return [CheckFailure("name", f"{name!r} has levels and must start with /")]
    if name.lower().lstrip("/").startswith(("aws", "ssm")):
        return [CheckFailure("name", f"{name!r} starts with aws or ssm, which Systems Manager keeps to itself")]
    if name.count("/") > _LEVELS:
        return [CheckFailure("name", f"{name!r} has more than {_LEVELS} levels")]
    return []


def _value_failures(inputs: Properties) -> list[CheckFailure]:
    given = [name for name in _VALUES if inputs.get(name) is not None]
    if len(given) != 1:
        return [CheckFailure("value", f"exactly one of value and insecureValue is needed, not {len(given)}")]
    name, value = given[0], inputs[given[0]]
    if name == "insecureValue" and inputs.get("type") == "SecureString":
        return [CheckFailure("insecureValue", "cannot be used with type SecureString; use value")]
    if inputs.get("keyId") is not None and inputs.get("type") not in ("SecureString", UNKNOWN):
        return [CheckFailure("keyId", "only a SecureString is encrypted")]
    return _text_failures(name, value, inputs)


def _text_failures(name: str, value: Any, inputs: Properties) -> list[CheckFailure]:
    """Hold the text itself against size and pattern; it is never quoted, for it may be secret."""
    if not isinstance(value, str):
        return []
    if value == "":
        return [CheckFailure(name, "is empty; Systems Manager refuses an empty value")]
    largest = _VALUE_BYTES.get(str(inputs.get("tier", "Standard")))
    size = len(value.encode())
    if largest and size > largest:
        return [CheckFailure(name, f"is {size} bytes; tier {inputs.get('tier', 'Standard')} takes {largest}")]
    pattern = inputs.get("allowedPattern")
    if isinstance(pattern, str) and not re.search(pattern, value):
        return [CheckFailure(name, f"does not match allowedPattern {pattern!r}")]
    return []


class GetParameter(Function):
    """``aws:ssm/getParameter:getParameter``; AWS's own public parameters of Amazon Linux name images that never run."""

    token = "aws:ssm/getParameter:getParameter"  # noqa: S105 - a token, no secret

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return the parameter; the value of one that is no SecureString is in `insecureValue` as well."""
        client = provider.client("ssm", arguments.get("region"))
        name = arguments["name"]
        decrypted = arguments.get("withDecryption", True)
        answer = _found(client, client.get_parameter, Name=name, WithDecryption=decrypted)
        if answer is None and not _PUBLIC_IMAGES.fullmatch(name):
            raise ProviderError(f"{self.token}: there is no parameter {name} in {client.meta.region_name}")
        parameter = answer["Parameter"] if answer else _public_image(name, client.meta.region_name)
        return {
            "arn": parameter["ARN"],
            "id": name,
            "insecureValue": None if parameter["Type"] == "SecureString" else parameter["Value"],
            "name": name,
            "region": client.meta.region_name,
            "type": parameter["Type"],
            "value": parameter["Value"],
            "version": parameter["Version"],
            "withDecryption": decrypted,
        }


def _public_image(name: str, region: str) -> Properties:
    """Return a public parameter with an image's id that is the same each time."""
    image = f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
    return {"ARN": f"arn:aws:ssm:{region}::parameter{name}", "Type": "String", "Value": image, "Version": 1}


RESOURCES: Final = (Parameter,)
FUNCTIONS: Final = (GetParameter,)
