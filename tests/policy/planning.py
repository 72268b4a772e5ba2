"""The whole program planned for a stack of the project: what the engine would be sent, without an engine.

What only AWS could say is a Terraform reference, such as ``${aws_s3_bucket.archive-bucket.arn}``, so that the plan can
be followed from one resource to the other.
"""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pulumi.runtime import config as runtime_config
from pulumi.runtime import mocks, rpc

from local.scanner.terraform import reference
from policy.plan import PlannedResource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
ACCOUNT_ID = "123456789012"
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
#: Every stack of the project, and those that are deployed on AWS.
STACKS = sorted(path.name.split(".")[1] for path in CHECKOUT.glob("Pulumi.*.yaml"))
AWS_STACKS = [stack for stack in STACKS if stack != "local"]


@dataclass(frozen=True)
class Plan:
    """A planned stack, in the order in which its resources were registered."""

    stack: str
    resources: tuple[PlannedResource, ...]

    def changed(self, type_: str, name: str | None, change: Callable[[PlannedResource], PlannedResource]) -> Plan:
        """Return the plan with one resource as `change` makes it."""
        target = self.one(type_, name)
        return replace(self, resources=tuple(change(one) if one is target else one for one in self.resources))

    def without(self, type_: str, name: str) -> Plan:
        """Return the plan without one resource."""
        target = self.one(type_, name)
        return replace(self, resources=tuple(one for one in self.resources if one is not target))

    def with_another(self, resource: PlannedResource) -> Plan:
        """Return the plan with one resource more."""
        return replace(self, resources=(*self.resources, resource))

    def one(self, type_: str, name: str | None = None) -> PlannedResource:
        """Return the only resource of a type, or the one of this name."""
        (found,) = [one for one in self.resources if one.type == type_ and name in {None, one.name}]
        return found


@cache  # A plan is frozen, and every test of a process starts from the same ones.
def plan(stack: str) -> Plan:
    """Plan a stack of the project from its own stack file."""
    content = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return plan_of(stack, content)


def plan_of(stack: str, content: dict[str, Any]) -> Plan:
    """Plan a stack from the map below ``config`` of a stack file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK warns of its own deprecated classes as it loads
        deploy = import_module("infra.program").deploy
        import_module("pulumi_postgresql")
        monitor = _Monitor()
        asyncio.set_event_loop(_sdk_loop())
        mocks.set_mocks(monitor.mocks, project="strata", stack=stack, preview=False, monitor=monitor)
        runtime_config.set_all_config(
            {key: value if isinstance(value, str) else json.dumps(value) for key, value in content.items()}
        )
        try:
            mocks.test(deploy)()
        finally:
            runtime_config.set_all_config({})
    return Plan(stack, tuple(monitor.planned(stack)))


@cache  # For the life of the process: with it end threads of the SDK, which never close loops of their own.
def _sdk_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@dataclass
class _Registered:
    request: Any
    inputs: dict[str, Any]


class _Monitor(mocks.MockMonitor):
    """Keeps each registration as the engine would get it."""

    def __init__(self) -> None:
        super().__init__(_Answers())
        self._registered: dict[str, _Registered] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the engine's call)
        answer = super().RegisterResource(request)
        self._registered[answer.urn] = _Registered(request, rpc.deserialize_properties(request.object))
        return answer

    def planned(self, stack: str) -> Iterator[PlannedResource]:
        """Yield every resource, with its provider's inputs beside its own, under the URN that it has in a stack."""

        def own(urn: str) -> str:
            return urn.replace("urn:pulumi:stack::project::", f"urn:pulumi:{stack}::strata::")

        for urn, one in self._registered.items():
            provider = self._registered.get(one.request.provider.rpartition("::")[0])
            yield PlannedResource(
                type=one.request.type,
                name=one.request.name,
                urn=own(urn),
                properties=one.inputs,
                protect=one.request.protect,
                provider=provider.inputs if provider else None,
                sources={key: tuple(map(own, found.urns)) for key, found in one.request.propertyDependencies.items()},
            )


class _Answers(mocks.Mocks):
    """Answers with what the inputs say, and with references for the rest."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if not args.typ.startswith("aws:"):
            return f"{args.name}-id", dict(args.inputs)
        outputs = {name: reference(args.typ, args.name, name) for name in _text_outputs(args.typ)}
        return reference(args.typ, args.name, "id"), {**outputs, **args.inputs, **_structured(args)}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        name = args.token.rpartition(":")[2]
        answers = {
            "getAvailabilityZones": {"names": ZONES, "id": "eu-central-1"},
            "getCallerIdentity": {"accountId": ACCOUNT_ID, "id": ACCOUNT_ID},
            "getPartition": {"partition": "aws", "id": "aws"},
            "getRegion": {"region": "eu-central-1", "id": "eu-central-1"},
            "getParameter": {"insecureValue": "ami-0123456789abcdef0", "id": "ami"},
            "getCachePolicy": {"id": MANAGED_POLICIES.get(str(args.args.get("name")))},
            "getOriginRequestPolicy": {"id": MANAGED_POLICIES.get(str(args.args.get("name")))},
        }
        return answers[name], []


#: Ids of AWS's own policies, the same in every account (CloudFront Developer Guide, "Use managed cache policies" and
#: "Use managed origin request policies").
MANAGED_POLICIES = {
    "Managed-CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "Managed-AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
}


@cache  # The SDK's classes do not change.
def _text_outputs(type_token: str) -> tuple[str, ...]:
    """Return the outputs of a type that are text, as the SDK declares them."""
    module, class_name = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", type_token).groups()
    declared = vars(getattr(import_module(f"pulumi_aws.{module}"), class_name)).values()
    getters = [found.fget for found in declared if isinstance(found, property)]
    return tuple(getter._pulumi_name for getter in getters if _is_text(str(getter.__annotations__["return"])))


def _is_text(annotation: str) -> bool:
    return "str]" in annotation and "Sequence" not in annotation and "Mapping" not in annotation


def _structured(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """Return the outputs that are no text and that the program reads."""
    if args.typ == "aws:rds/instance:Instance":
        secret = {"secretArn": reference(args.typ, args.name, "masterUserSecret[0].secretArn")}
        return {"port": 5432, "masterUserSecrets": [secret]}
    if args.typ == "aws:acm/certificate:Certificate":
        domains = [args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", [])]
        proofs = [
            {
                "domainName": domain,
                "resourceRecordName": f"_proof.{domain.removeprefix('*.')}",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_value.{domain.removeprefix('*.')}",
            }
            for domain in domains
        ]
        return {"domainValidationOptions": proofs}
    return {}
