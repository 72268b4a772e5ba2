"""Runs components against mocks that record every resource as the engine would be sent it."""

import asyncio
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, rpc

from infra.components.database_address import DatabaseAddress

# The SDK warns of its own deprecated classes as it loads; here a warning is an error.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import_module("pulumi_postgresql")
    for service in (
        "acm",
        "cloudfront",
        "cloudwatch",
        "ec2",
        "iam",
        "kms",
        "rds",
        "route53",
        "s3",
        "secretsmanager",
        "ssm",
        "vpc",
    ):
        dir(import_module(f"pulumi_aws.{service}").outputs)  # the SDK loads a module when it is looked into

ACCOUNT_ID = "123456789012"
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c", "eu-central-1d"]


@dataclass(frozen=True)
class Registered:
    """One resource: `inputs` are camelCase, as a provider gets them; `request` holds the options."""

    type: str
    name: str
    inputs: dict[str, Any]
    request: Any

    @property
    def depends_on(self) -> set[str]:
        """Logical names of the resources that this one waits for."""
        return {urn.rsplit("::", maxsplit=1)[-1] for urn in self.request.dependencies}


@dataclass
class Recording:
    """What a program registered, and what it returned once its outputs were known."""

    resources: list[Registered] = field(default_factory=list)
    result: Any = None

    def all(self, type_: str) -> list[Registered]:
        """Return every resource of a type by name; independent ones are registered in any order."""
        return sorted((found for found in self.resources if found.type == type_), key=lambda found: found.name)

    def one(self, type_: str, name: str | None = None) -> Registered:
        """Return the only resource of a type, or the one of this name."""
        (resource,) = [found for found in self.all(type_) if name in {None, found.name}]
        return resource


class RecordingMocks(mocks.Mocks):
    """Answers with what the inputs say, and with ids and ARNs made from the names."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = {
            "arn": f"arn:aws:mock:eu-central-1:{ACCOUNT_ID}:{args.name}",
            "name": args.name,
            "bucket": f"{args.name}-0a1b2c3",
            "keyId": f"{args.name}-key-id",
            **args.inputs,
        }
        if args.typ == "aws:rds/instance:Instance":
            outputs |= {
                "address": "database.example.rds.amazonaws.com",
                "port": 5432,
                "resourceId": "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "masterUserSecrets": [{"secretArn": f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT_ID}:secret:master"}],
            }
        if args.typ == "aws:acm/certificate:Certificate":
            domains = [args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", [])]
            outputs["domainValidationOptions"] = [
                {
                    "domainName": domain,
                    "resourceRecordName": f"_proof.{domain.removeprefix('*.')}",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"_value.{domain.removeprefix('*.')}",
                }
                for domain in domains
            ]
        if args.typ == "aws:route53/record:Record":
            outputs["fqdn"] = args.inputs["name"]
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ZONES, "id": "eu-central-1"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT_ID, "id": ACCOUNT_ID},
            "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws"},
            "aws:ssm/getParameter:getParameter": {"insecureValue": f"image of {args.args.get('name')}"},
            "aws:cloudfront/getCachePolicy:getCachePolicy": {"id": args.args.get("name")},
            "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": {"id": args.args.get("name")},
        }
        return answers[args.token], []


class RecordingMonitor(mocks.MockMonitor):
    """Keeps each registration as the engine would get it."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(RecordingMocks())
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the engine's call)
        answer = super().RegisterResource(request)
        inputs = rpc.deserialize_properties(request.object)
        self._recording.resources.append(Registered(request.type, request.name, inputs, request))
        return answer


Program = Callable[[], Sequence[Any]]


@cache  # For the life of the process: with it end threads of the SDK, which never close loops of their own.
def _sdk_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of every run: the SDK asks for the thread's current one, and `asyncio.run` leaves none."""
    return asyncio.new_event_loop()


@pytest.fixture
def record() -> Callable[[Program], Recording]:
    """Run a program as stack ``dev`` and return what it registered; it returns the outputs to look at."""

    def run(program: Program) -> Recording:
        recording = Recording()
        monitor = RecordingMonitor(recording)

        def keep(result: Any) -> None:
            recording.result = result

        asyncio.set_event_loop(_sdk_loop())
        mocks.set_mocks(monitor.mocks, project="strata", stack="dev", preview=False, monitor=monitor)
        mocks.test(lambda: pulumi.Output.all(*program()).apply(keep))()
        return recording

    return run


@pytest.fixture
def address() -> Callable[..., DatabaseAddress]:
    """Make the address of a database, with a bundle of certificate authorities or without."""

    def made(ca_bundle: str | None = None) -> DatabaseAddress:
        return DatabaseAddress("eu-central-1", "database.example.com", 5432, "strata", "verify-full", ca_bundle)

    return made
