"""ACM: certificates that DNS validates, and the wait until they are issued."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import call, find
from local.providers.aws.cloudfront_policies import distributions_with
from local.providers.aws.route53 import record_sets
from local.providers.aws.shapes import Shape, known, paths
from local.providers.aws.tags import as_list, as_map, changes
from local.providers.resource import UNKNOWN, CheckFailure, Created, Properties, ProviderError, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

# API reference, RequestCertificate, DomainName; the first label may be a wildcard.
_DOMAIN = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")
_FORCES = "Terraform registry, aws_acm_certificate: {} forces a new resource"
# On AWS the wait may last 75 minutes; the emulator issues at once, or never.
_WAIT_SECONDS = 10.0


class Certificate(ResourceType):
    """``aws:acm/certificate:Certificate``, requested and validated by DNS; its id is its ARN."""

    token = "aws:acm/certificate:Certificate"  # noqa: S105 - a type token, no secret
    shape = Shape(
        "acm",
        "RequestCertificateRequest",
        paths(
            {
                "": "domainName keyAlgorithm subjectAlternativeNames validationMethod",
                "options": "certificateTransparencyLoggingPreference",
            }
        ),
        unordered=frozenset({"subjectAlternativeNames"}),
        # EMAIL waits for a person and HTTP is CloudFront's own; this program validates by DNS.
        choices={"validationMethod": frozenset({"DNS"})},
    )
    modelled = shape.paths | {"tags"}
    unordered = shape.unordered
    replaces: ClassVar = {
        name: _FORCES.format(name)
        for name in ("domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod")
    }
    defaults: ClassVar = {
        "keyAlgorithm": "RSA_2048",
        "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
    }
    computed = frozenset({"subjectAlternativeNames"})

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return broken rules of names and of the way of validation."""
        del provider
        found = self.shape.failures(inputs)
        domain, others = inputs.get("domainName"), inputs.get("subjectAlternativeNames")
        found += [CheckFailure(name, "needed to request a certificate") for name in _missing(inputs)]
        named = [("domainName", domain)]
        named += [
            (f"subjectAlternativeNames[{i}]", n) for i, n in enumerate(others if isinstance(others, list) else [])
        ]
        for place, name in named:
            if isinstance(name, str) and not _DOMAIN.fullmatch(name):
                found.append(CheckFailure(place, f"{name!r} is not a domain name, with * at most as its first label"))
        return found

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Request the certificate."""
        client = provider.client("acm", inputs.get("region"))
        wanted = provider.tags(inputs)
        what = f"requesting certificate {inputs['domainName']}"
        tags = {"Tags": as_list(wanted)} if wanted else {}
        arn = call(what, client.request_certificate, **self.shape.to_service(inputs), **tags)["CertificateArn"]
        # The emulator forgets the options of a request.
        self._write_options(client, arn, inputs)
        return Created(arn)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the live certificate and the records that validate it."""
        client = provider.client("acm", state.get("region"))
        answer = find(f"reading certificate {resource_id}", client.describe_certificate, CertificateArn=resource_id)
        if answer is None:
            return None
        live = answer["Certificate"]
        said = state.get("subjectAlternativeNames") or []
        names = [n for n in live["SubjectAlternativeNames"] if n != live["DomainName"] or n in said]
        mirrored = self.shape.mirror({**live, "SubjectAlternativeNames": names}, {**self.defaults, **state})
        return {
            # Neither is in the emulator's answer; both replace the certificate, so neither can drift.
            **{name: state[name] for name in ("keyAlgorithm", "validationMethod") if name in state},
            **{name: value for name, value in mirrored.items() if name not in ("keyAlgorithm", "validationMethod")},
            "arn": resource_id,
            "domainValidationOptions": _validation_options(live),
            "notAfter": live["NotAfter"].isoformat(),
            "notBefore": live["NotBefore"].isoformat(),
            "status": live["Status"],
            "tags": _live_tags(client, resource_id),
            "type": live["Type"],
        }

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change options and tags; all else replaces."""
        client = provider.client("acm", new.get("region"))
        if old.get("options") != new.get("options"):
            self._write_options(client, resource_id, {**self.defaults, **new})
        added, removed = changes(_live_tags(client, resource_id), provider.tags(new))
        what = f"tagging certificate {resource_id}"
        if added:
            call(what, client.add_tags_to_certificate, CertificateArn=resource_id, Tags=as_list(added))
        if removed:
            gone = [{"Key": name} for name in removed]
            call(what, client.remove_tags_from_certificate, CertificateArn=resource_id, Tags=gone)
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Delete the certificate, unless a distribution uses it."""
        users = distributions_with(provider, resource_id)
        if users:
            raise ProviderError(f"deleting certificate {resource_id}: ResourceInUseException: {', '.join(users)}")
        client = provider.client("acm", state.get("region"))
        find(f"deleting certificate {resource_id}", client.delete_certificate, CertificateArn=resource_id)

    def _write_options(self, client: Any, arn: str, inputs: Properties) -> None:
        options = self.shape.to_service({"options": inputs.get("options") or self.defaults["options"]})["Options"]
        call(f"writing options of {arn}", client.update_certificate_options, CertificateArn=arn, Options=options)


def _missing(inputs: Properties) -> list[str]:
    return [name for name in ("domainName", "validationMethod") if inputs.get(name) is None]


def _validation_options(live: Properties) -> list[Properties]:
    return [
        {
            "domainName": option["DomainName"],
            "resourceRecordName": option["ResourceRecord"]["Name"],
            "resourceRecordType": option["ResourceRecord"]["Type"],
            "resourceRecordValue": option["ResourceRecord"]["Value"],
        }
        for option in live["DomainValidationOptions"]
    ]


def _live_tags(client: Any, arn: str) -> dict[str, str]:
    answer = call(f"reading tags of {arn}", client.list_tags_for_certificate, CertificateArn=arn)
    return as_map(answer.get("Tags", []))


class CertificateValidation(ResourceType):
    """``aws:acm/certificateValidation:CertificateValidation``: a wait, nothing that exists; its id is the ARN."""

    token = "aws:acm/certificateValidation:CertificateValidation"  # noqa: S105 - a type token, no secret
    modelled = frozenset({"certificateArn", "validationRecordFqdns"})
    unordered = frozenset({"validationRecordFqdns"})
    replaces: ClassVar = {
        name: f"Terraform registry, aws_acm_certificate_validation: {name} forces a new resource"
        for name in ("certificateArn", "validationRecordFqdns")
    }

    def check(self, provider: Any, inputs: Properties) -> list[CheckFailure]:
        """Return an ARN that is not a certificate's."""
        del provider
        arn = inputs.get("certificateArn")
        if arn is UNKNOWN or not isinstance(arn, str) or ":certificate/" in arn:
            return []
        return [CheckFailure("certificateArn", f"{arn} is not a certificate's ARN")]

    def create(self, provider: Any, inputs: Properties) -> Created:
        """Wait until the certificate is issued.

        Raises:
            ProviderError: a validation record is missing, so that ACM would wait in vain; or the time is over.
        """
        arn = inputs["certificateArn"]
        client = provider.client("acm", inputs.get("region"))
        deadline = time.monotonic() + _WAIT_SECONDS
        live = _certificate(client, arn)
        missing = list(_missing_records(provider, live, inputs.get("validationRecordFqdns")))
        if missing:
            raise ProviderError(f"validation of {arn}: {'; '.join(missing)}")
        while live["Status"] != "ISSUED":
            if live["Status"] != "PENDING_VALIDATION" or time.monotonic() > deadline:
                raise ProviderError(f"validation of {arn}: the certificate is {live['Status']}, not ISSUED")
            time.sleep(0.5)
            live = _certificate(client, arn)
        return Created(arn)

    def read(self, provider: Any, resource_id: str, state: Properties) -> Properties | None:
        """Return the wait as done while the certificate is issued."""
        client = provider.client("acm", state.get("region"))
        answer = find(f"reading certificate {resource_id}", client.describe_certificate, CertificateArn=resource_id)
        if answer is None or answer["Certificate"]["Status"] != "ISSUED":
            return None
        return {"certificateArn": resource_id}

    def update(self, provider: Any, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Do nothing: every input replaces."""
        del provider, resource_id, old, new
        return {}

    def delete(self, provider: Any, resource_id: str, state: Properties) -> None:
        """Do nothing: a wait leaves nothing behind."""


def _certificate(client: Any, arn: str) -> Any:
    answer = find(f"reading certificate {arn}", client.describe_certificate, CertificateArn=arn)
    if answer is None:
        raise ProviderError(f"validation of {arn}: the certificate does not exist in this region")
    return answer["Certificate"]


def _missing_records(provider: Any, live: Properties, names: Any) -> Iterator[str]:
    """Return what ACM would wait for, when the program says which records validate the certificate."""
    if names is None or not known(names):
        return
    said = {name.rstrip(".").lower() for name in names}
    records = {option["ResourceRecord"]["Name"].rstrip("."): option for option in live["DomainValidationOptions"]}
    for name, option in sorted(records.items()):
        if name.lower() not in said:
            yield f"validationRecordFqdns: missing {name} for {option['DomainName']}"
        elif not any(record["Type"] == "CNAME" for record in record_sets(provider, name)):
            yield f"validationRecordFqdns: no hosted zone has the record {name}"


RESOURCES = (Certificate, CertificateValidation)
FUNCTIONS = ()
