"""The schemas that editors complete from say what the program parses with, as far as a schema can."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, ValidationError, validators

from infra.config import ConfigError, ConfigProblem, load
from infra.config.load import KEYS
from infra.config.rules import ALWAYS, GUARD_RAILS
from infra.config.schema import BEYOND_A_SCHEMA, stack_schema, tenants_schema
from infra.config.tenants import parse_tenants
from strata.environments.files import stack_files, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[3]
STACK = stack_schema()
CONFIG = STACK["properties"]["config"]
RAW = {"aws:region": "eu-central-1", "strata:api": {"originDomain": "api.example.com"}}


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Match as ECMA 262 says and editors do: `$` is the end, also where a line ends before it."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = validators.extend(Draft7Validator, {"pattern": _pattern})


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    return [error.message for error in Validator(schema).iter_errors(value)]


def config_errors(raw: dict[str, Any]) -> list[str]:
    return errors(STACK, {"config": raw})


def problems(raw: dict[str, Any], stack: str = "dev") -> list[ConfigProblem]:
    try:
        load(stack, raw, f"Pulumi.{stack}.yaml", PROJECT)
    except ConfigError as error:
        return list(error.problems)
    return []


RAILS = [rule.says for rule in GUARD_RAILS["production"]]
#: What a problem reads like that no schema reports, by the sentence that says so in the reference.
UNSEEN = {
    BEYOND_A_SCHEMA[0]: r"the stack's name: |strata:purpose: is \w+, and the name|strata:purpose: is missing, and",
    BEYOND_A_SCHEMA[1]: r"strata:api.originDomain: is missing",
    BEYOND_A_SCHEMA[2]: r"strata:partitions.idPattern: .* not a regular expression|strata:tenants.* is not a tenant id",
    BEYOND_A_SCHEMA[3]: r"strata:tenants.* (bytes long|looks like|already at|reserved|NUL character)",
    BEYOND_A_SCHEMA[4]: r"strata:tenants\[\d+\].confirm: .* is not the tenant's id",
    BEYOND_A_SCHEMA[5]: r"strata:tenants.file: .* cannot be read|strata:tenants: is not a list",
    BEYOND_A_SCHEMA[6]: r"strata:network.cidr: .* has host bits set",
    BEYOND_A_SCHEMA[7]: r"strata:[\w.]+: -?\d+\.0: ",
    ALWAYS[0].says: r"strata:partitions.capacity: .* more than the layout|strata:tenants: \d+ tenants are more than",
    ALWAYS[1].says: r"strata:database.* has no effect on the instance",
    ALWAYS[2].says: r"strata:cdn.* (aliases need|names a host|no alias)",
    ALWAYS[3].says: r"strata:cdn.* (names an origin twice|no effect without a store)",
    RAILS[0]: r"strata:tenants: .* has onRemove: drop",
    RAILS[1]: r"strata:database.(sslMode: is|deletionProtection: is false|backupRetentionDays: is \d$)",
    RAILS[2]: r"strata:database.multiAz: is false",
    RAILS[3]: r"strata:cdn.aliases: is missing",
    RAILS[4]: r"strata:cdn.corsOrigins: .* anybody on its network",
    RAILS[5]: r"strata:api.originProtocol: tokens would travel",
}
#: Of a tenants list alone.
TENANTS_UNSEEN = re.compile("|".join(UNSEEN[sentence] for sentence in BEYOND_A_SCHEMA[2:6]), re.DOTALL)
ANY_UNSEEN = re.compile("|".join(UNSEEN.values()), re.DOTALL)


def test_what_a_schema_cannot_say_is_said_in_the_reference() -> None:
    rails = [rule.says for rules in GUARD_RAILS.values() for rule in rules]
    assert UNSEEN.keys() == {*BEYOND_A_SCHEMA, *(rule.says for rule in ALWAYS), *rails}
    page = (PROJECT / "docs" / "reference" / "config.md").read_text()
    assert not [sentence for sentence in UNSEEN if f"- {sentence}\n" not in page]


def test_the_schemas_are_schemas() -> None:
    for schema in (STACK, tenants_schema(has_pattern=True), tenants_schema(has_pattern=False)):
        Draft7Validator.check_schema(schema)
        assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("path", list(stack_files(PROJECT)), ids=lambda path: path.name)
def test_the_files_of_the_project_are_what_their_schemas_say(path: Path) -> None:
    """Their first lines lead an editor to the schema, in both of the forms that editors read."""
    content = yaml.safe_load(path.read_text())
    assert errors(STACK, content) == []
    tenants = content["config"]["strata:tenants"]
    if isinstance(tenants, dict):
        assert errors(tenants_schema(has_pattern=False), yaml.safe_load((PROJECT / tenants["file"]).read_text())) == []
        _leads_to_its_schema(PROJECT / tenants["file"], "tenants.schema.json")
        _leads_to_its_schema(path, "stack.schema.json")


def _leads_to_its_schema(path: Path, name: str) -> None:
    lines = path.read_text().splitlines()[:2]
    assert [line.partition("$schema")[0] for line in lines] == ["# yaml-language-server: ", "# "]
    for line in lines:
        assert (path.parent / re.split("[=:] ?", line)[-1]).resolve() == PROJECT / "schemas" / name


def leaves(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield every key of a schema that holds no mapping, with its path."""
    for key, one in schema.get("properties", {}).items():
        if one.get("properties"):
            yield from leaves(one, (*path, key))
        elif key != "strata:tenants":
            yield (*path, key), one


LEAVES = dict(leaves(CONFIG))


def with_leaf(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return a config that nothing is wrong with but, perhaps, one key."""
    raw: dict[str, Any] = json.loads(json.dumps(RAW))
    needed = {
        "vpcId": {"privateSubnetIds": ["subnet-1", "subnet-2"]},
        "privateSubnetIds": {"vpcId": "vpc-1"},
        "allowedSecurityGroupIds": {"vpcId": "vpc-1", "privateSubnetIds": ["subnet-1", "subnet-2"]},
        "aliases": {"hostedZoneId": "Z1"},
        "certificateArn": {"aliases": ["api.example.com"]},
        "hostedZoneId": {"aliases": ["api.example.com"]},
    }
    section = raw
    for step in path[:-1]:
        section = section.setdefault(step, {})
    if "existing" in path:
        arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x"
        section |= {"endpoint": "d", "port": 5432, "database": "d", "resourceId": "db-A", "masterSecretArn": arn}
    section |= {**needed.get(path[-1], {}), path[-1]: value}
    return raw


def good(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a key's schema takes."""
    types = schema.get("type", "enum")
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "array" in types:
        return st.lists(good(schema["items"]), min_size=schema.get("minItems", 0), max_size=4)
    if "boolean" in types:
        return st.booleans()
    if "pattern" in schema:
        return st.from_regex(re.sub(r"\$$", r"\\Z", schema["pattern"]))
    if "integer" in types:
        arm = schema.get("anyOf", [schema])[-1]
        return st.integers(arm.get("minimum", schema.get("minimum")), arm.get("maximum", schema.get("maximum")))
    return st.text(min_size=1, max_size=schema.get("maxLength", 30))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


def near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that are nearly right: beyond an end, a character more, as another type."""
    edges = [schema[edge] + step for edge in ("minimum", "maximum") if edge in schema for step in (-1, 0, 1)]
    texts = st.builds(
        "{}{}{}".format, st.sampled_from(["", " ", "x", "0"]), good(schema), st.sampled_from(["", "\n", "/"])
    )
    return st.sampled_from([*edges, "", "18", 18.5, "15", 443]) | texts | st.floats(1, 70_000).map(round).map(float)


@settings(max_examples=600)
@given(st.data())
def test_a_key_is_refused_by_its_schema_or_not_at_all(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(LEAVES)))
    schema = LEAVES[path]
    agree(with_leaf(path, data.draw(good(schema) | near(schema) | JUNK)))


def agree(raw: dict[str, Any]) -> None:
    """Hold that what the schema refuses is reported, and that what is reported is refused or one of the sentences."""
    found = problems(raw)
    wrong = config_errors(raw)
    if wrong:
        assert found, wrong
    else:
        assert not [one for one in found if not ANY_UNSEEN.match(f"{one.key}: {one.what}")]


IDS = st.sampled_from(["acme", "globex", "ACME", "acme ", "system", "", "a" * 63, "a" * 64, "é" * 600]) | JUNK
#: Nothing is wrong with these but what their keys are to each other.
NEARLY_RIGHT = st.fixed_dictionaries(
    {"id": st.sampled_from(["acme", "globex"])},
    optional={
        "state": st.sampled_from(["active", "offboarding"]),
        "onRemove": st.sampled_from(["archive", "drop"]),
        "confirm": st.sampled_from(["acme", "globex"]),
    },
)
ENTRIES = IDS | st.fixed_dictionaries(
    {},
    optional={
        "id": IDS,
        "state": st.sampled_from(["active", "offboarding", "gone"]) | JUNK,
        "onRemove": st.sampled_from(["archive", "drop", "drop", "delete"]) | JUNK,
        "confirm": st.sampled_from(["acme", "globex"]) | JUNK,
        "status": JUNK,
    },
)


@given(st.lists(ENTRIES, max_size=4) | st.lists(NEARLY_RIGHT, max_size=2), st.sampled_from([None, "(?s).*", "[A-Z]+"]))
def test_a_list_of_tenants_is_refused_by_its_schema_or_for_what_none_can_say(entries: list[Any], pattern: str) -> None:
    reported: list[ConfigProblem] = []
    parse_tenants(entries, PROJECT, reported.append, pattern)
    if errors(tenants_schema(has_pattern=pattern is not None), entries):
        assert reported
    else:
        assert not [one for one in reported if not TENANTS_UNSEEN.match(f"{one.key}: {one.what}")]
    partitions = {} if pattern is None else {"strata:partitions": {"idPattern": pattern}}
    agree({**RAW, **partitions, "strata:tenants": entries})


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Return a config with many keys, most of them right."""
    raw: dict[str, Any] = {"aws:region": "eu-central-1", "other:key": draw(JUNK)}
    for path in draw(st.sets(st.sampled_from(sorted(LEAVES)), max_size=8)):
        section = raw
        for step in path[:-1]:
            section = section.setdefault(step, {})
        section[path[-1]] = draw(st.one_of(*[good(LEAVES[path])] * 8, near(LEAVES[path])))
    if draw(st.booleans()):
        raw.setdefault("strata:api", {}).setdefault("originDomain", "api.example.com")
    if draw(st.sampled_from([True, *[False] * 5])):
        draw(st.sampled_from([raw, *(one for one in raw.values() if isinstance(one, dict))]))["strata:unknown"] = 1
    return raw


@settings(max_examples=300)
@given(configs())
def test_a_config_is_refused_by_its_schema_or_for_what_none_can_say(raw: dict[str, Any]) -> None:
    agree(raw)


#: A value of each key that is right, and one that only its own constraint makes wrong.
RIGHT_AND_WRONG: dict[str, tuple[Any, Any]] = {
    "aws:region": ("us-gov-west-1", "eu-central"),
    "strata:purpose": ("development", "prod"),
    "strata:partitions.layout": ("bucketed", "hash"),
    "strata:partitions.capacity": (1_000, 0),
    "strata:partitions.idPattern": ("[A-Z]+", 5),
    "strata:database.engineVersion": ("17.6", "15.9"),
    "strata:database.instanceClass": ("db.r7g.xlarge", "r7g.xlarge"),
    "strata:database.allocatedStorageGib": (65_536, 19),
    "strata:database.multiAz": (True, "true"),
    "strata:database.backupRetentionDays": (35, 36),
    "strata:database.deletionProtection": (False, 1),
    "strata:database.reach": ("tunnel", "vpn"),
    "strata:database.sslMode": ("require", "prefer"),
    "strata:database.caBundle": ("a.pem", ""),
    "strata:database.existing.endpoint": ("db.example.com", "db.example.com:5432"),
    "strata:database.existing.port": (6543, 65_536),
    "strata:database.existing.database": ("strata", "a" * 64),
    "strata:database.existing.resourceId": ("db-ABC", "ABC"),
    "strata:database.existing.masterSecretArn": (
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        "arn:aws:ssm:eu-west-1:123456789012:secret:x",
    ),
    "strata:network.cidr": ("172.31.0.0/16", "172.32.0.0/16"),
    "strata:network.zones": (2, 4),
    "strata:network.vpcId": ("vpc-0a", "vpc-"),
    "strata:network.privateSubnetIds": (["subnet-1", "subnet-2"], ["subnet-1"]),
    "strata:network.allowedSecurityGroupIds": (["sg-1"], ["subnet-1"]),
    "strata:api.originDomain": ("api.example.com", "https://api.example.com"),
    "strata:api.originPort": (8_000, 22),
    "strata:api.originProtocol": ("http", "ftp"),
    "strata:cdn.enabled": (False, "no"),
    "strata:cdn.aliases": (["*.example.com"], ["example"]),
    "strata:cdn.certificateArn": (
        "arn:aws:acm:us-east-1:123456789012:certificate/ab",
        "arn:aws:acm:eu-west-1:123456789012:certificate/ab",
    ),
    "strata:cdn.hostedZoneId": ("Z1", "z1"),
    "strata:cdn.webAclArn": ("arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b", "a"),
    "strata:cdn.originShieldRegion": ("eu-west-1", "eu-west-3"),
    "strata:cdn.priceClass": ("PriceClass_200", "PriceClass_300"),
    "strata:cdn.tenantClaim": ("tenant", "a" * 129),
    "strata:cdn.keyValueStore": (False, None),
    "strata:cdn.secretsVersion": (2, 0),
    "strata:cdn.corsOrigins": (["https://app.example.com:8443"], ["*"]),
    "strata:accessLogs.retentionDays": (1, 3_651),
    "strata:alarms.enabled": (False, "off"),
    "strata:alarms.email": ("a@example.com", "example.com"),
    "strata:alarms.topicArn": ("arn:aws:sns:eu-west-1:123456789012:alarms", "alarms"),
    "strata:alarms.hitRatioFloor.staticData": (0, 101),
    "strata:alarms.hitRatioFloor.userData": (100, -1),
    "strata:alarms.hitRatioFloor.realtime": (50, "50"),
}


def test_every_key_has_a_right_and_a_wrong_value() -> None:
    assert RIGHT_AND_WRONG.keys() == {".".join(path) for path in LEAVES}


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
def test_both_take_what_is_right_and_refuse_what_is_wrong(path: tuple[str, ...]) -> None:
    right, wrong = RIGHT_AND_WRONG[".".join(path)]
    assert (config_errors(with_leaf(path, right)), problems(with_leaf(path, right))) == ([], [])
    assert config_errors(with_leaf(path, wrong))
    assert problems(with_leaf(path, wrong))


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
def test_a_description_says_what_a_key_does_what_is_allowed_and_what_a_change_causes(path: tuple[str, ...]) -> None:
    description = LEAVES[path]["description"]
    assert re.fullmatch(r"[A-Z].*[ .](Allowed: .+\. )?A change(:| is) .+\.", description), description


def test_an_unknown_key_is_refused_in_every_mapping() -> None:
    for raw in (
        {**RAW, "strata:tenant": []},
        {**RAW, "strata:alarms": {"hitRatioFloor": {"x": 1}}},
        {**RAW, "strata:network": {"vpcId": "vpc-1", "privateSubnetIds": ["subnet-1", "subnet-2"], "zones": 2}},
    ):
        assert config_errors(raw)
        assert problems(raw)
    assert errors(STACK, {"config": RAW, "setting": 1})
    assert not errors(STACK, {"config": RAW, "encryptionsalt": "v1:x"})


def test_the_project_declares_every_key_with_what_is_below_it() -> None:
    """Pulumi.yaml is what `pulumi config` and the engine know."""
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]
    assert list(declared) == KEYS
    for name, one in declared.items():
        schema = CONFIG["properties"][f"strata:{name}"]
        assert one.get("type") == {"purpose": "string", "tenants": None}.get(name, "object")
        keys = [*schema.get("properties", {}), *(schema.get("enum") or ())]
        assert not [key for key in keys if not re.search(rf"\b{key}\b", one["description"])], name
        assert one["default"] == schema.get("default", {})


def test_a_stack_is_named_by_its_file() -> None:
    assert [stack_of(path.name) for path in stack_files(PROJECT)] == sorted(
        path.name.split(".")[1] for path in PROJECT.glob("Pulumi.?*.yaml")
    )
