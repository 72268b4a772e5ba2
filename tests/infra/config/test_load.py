"""A stack file becomes typed values; every problem of it is reported at once, in words that a user can act on."""

from pathlib import Path

import pytest
import yaml

from infra.config import ConfigError, ExistingNetworkConfig, NewNetworkConfig, Tenant, load

PROJECT = Path(__file__).parents[3]
RAW = {
    "aws:region": "eu-central-1",
    "strata:tenants": ["acme"],
    "strata:api": {"originDomain": "api.example.com"},
}
PRODUCTION = {
    **RAW,
    "strata:database": {"multiAz": True},
    "strata:cdn": {"aliases": ["api.example.com"], "hostedZoneId": "Z123"},
}


def problems(raw: dict, stack: str = "dev") -> list[str]:
    """Return every problem of a stack file as it is shown, without the name of the file."""
    with pytest.raises(ConfigError) as raised:
        load(stack, raw, f"Pulumi.{stack}.yaml")
    return [f"{problem.key}: {problem.what}; allowed: {problem.allowed}" for problem in raised.value.problems]


def database_problems(**database) -> list[str]:
    return problems({**RAW, "strata:database": database})


def test_a_short_stack_file_gets_safe_defaults():
    config = load("dev", RAW, "Pulumi.dev.yaml")
    assert config.tenants == (Tenant("acme", "active", "archive"),)
    assert config.region == "eu-central-1"
    assert (config.partitions.layout, config.partitions.capacity) == ("list", 1_000)
    assert config.database.is_protected is True
    assert config.database.ssl_mode == "verify-full"
    assert config.database.backup_retention_days == 7
    assert config.database.port == 5432
    assert config.network == NewNetworkConfig(cidr="10.0.0.0/16")
    assert (config.api.origin_port, config.api.origin_protocol) == (443, "https")
    assert config.access_logs.retention_days == 90


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_the_stack_files_of_the_project_are_right(stack):
    path = PROJECT / f"Pulumi.{stack}.yaml"
    config = load(stack, yaml.safe_load(path.read_text())["config"], path.name, PROJECT)
    assert config.tenants


def test_the_message_is_one_line_for_each_problem_and_the_next_command():
    with pytest.raises(ConfigError) as raised:
        load("dev", {"strata:tenant": ["acme"], **RAW, "strata:accessLogs": {"retentionDays": 0}}, "Pulumi.dev.yaml")
    assert str(raised.value) == (
        "the stack's config has 2 problems:\n"
        "  Pulumi.dev.yaml: strata:tenant: there is no such key, did you mean tenants?; "
        "allowed: purpose, tenants, partitions, database, network, api, cdn, accessLogs, alarms\n"
        "  Pulumi.dev.yaml: strata:accessLogs.retentionDays: 0: input should be greater than or equal to 1; "
        "allowed: 1 to 3650 days\n"
        "next: edit Pulumi.dev.yaml, then pulumi preview"
    )


def test_problems_of_all_sections_are_found_in_one_run():
    found = problems(
        {
            "strata:tenants": ["", "acme", "acme"],
            "strata:partitions": {"capacity": 0},
            "strata:database": {"multiaz": True, "engineVersion": "15"},
            "strata:network": {"cidr": "8.8.8.0/24"},
            "strata:api": {"originPort": 22},
            "strata:cdn": {"priceClass": "cheap"},
            "strata:accessLogs": 90,
        }
    )
    assert [problem.split(": ", maxsplit=1)[0] for problem in found] == [
        "aws:region",
        "strata:tenants[0].id",
        "strata:tenants[2]",
        "strata:partitions.capacity",
        "strata:database.engineVersion",
        "strata:database.multiaz",
        "strata:network.cidr",
        "strata:cdn.priceClass",
        "strata:api.originDomain",
        "strata:api.originPort",
        "strata:accessLogs",
    ]


def test_a_nested_key_that_does_not_exist_is_met_with_the_nearest_one():
    assert database_problems(existing={"endpont": "x"})[-1] == (
        "strata:database.existing.endpont: there is no such key, did you mean endpoint?; "
        "allowed: endpoint, port, database, resourceId, masterSecretArn"
    )


def test_a_section_that_is_no_mapping_is_refused():
    assert problems({**RAW, "strata:partitions": "list"}) == [
        "strata:partitions: 'list': is not a mapping; allowed: a mapping with the keys layout, capacity, idPattern"
    ]


@pytest.mark.parametrize(
    ("version", "what"),
    [
        (16.1, "16.1: a version with a dot must be in quotes"),
        ("15.4", "'15.4': this version of PostgreSQL is too old"),
        ("latest", "'latest': does not have the right form"),
    ],
)
def test_an_engine_version_that_does_not_fit_is_refused(version, what):
    assert database_problems(engineVersion=version) == [
        (
            f"strata:database.engineVersion: {what}; "
            'allowed: a PostgreSQL version from 16 on, in quotes, for example "18" or "17.6"'
        )
    ]


@pytest.mark.parametrize("version", [18, "18", "17.6"])
def test_an_engine_version_from_16_on_is_taken(version):
    config = load("dev", {**RAW, "strata:database": {"engineVersion": version}}, "Pulumi.dev.yaml")
    assert config.database.engine_version == str(version)


def test_an_existing_database_needs_all_of_its_keys():
    assert [problem.split(":", maxsplit=2)[1] for problem in database_problems(existing={})] == [
        "database.existing.endpoint",
        "database.existing.port",
        "database.existing.database",
        "database.existing.resourceId",
        "database.existing.masterSecretArn",
    ]


def test_keys_that_would_have_no_effect_on_an_existing_database_are_refused():
    existing = {
        "endpoint": "database.example.com",
        "port": 6543,
        "database": "strata",
        "resourceId": "db-ABC",
        "masterSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x",
    }
    assert database_problems(existing=existing, multiAz=True) == [
        (
            "strata:database.multiAz: has no effect on the instance of strata:database.existing; "
            "allowed: leave it out, or leave existing out to make an instance"
        )
    ]
    config = load("dev", {**RAW, "strata:database": {"existing": existing, "sslMode": "require"}}, "Pulumi.dev.yaml")
    assert config.database.existing.endpoint == "database.example.com"
    assert config.database.port == 6543
    assert not config.database.is_protected


def test_a_network_is_made_or_there_but_not_both():
    there = {"vpcId": "vpc-1a", "privateSubnetIds": ["subnet-1a", "subnet-2b"]}
    config = load("dev", {**RAW, "strata:network": there}, "Pulumi.dev.yaml")
    assert config.network == ExistingNetworkConfig(vpc_id="vpc-1a", private_subnet_ids=("subnet-1a", "subnet-2b"))
    assert problems({**RAW, "strata:network": {**there, "cidr": "10.0.0.0/16"}}) == [
        (
            "strata:network.cidr: cannot stand beside the keys of a network that is already there; "
            "allowed: either cidr and zones, or vpcId with privateSubnetIds and allowedSecurityGroupIds"
        )
    ]
    assert problems({**RAW, "strata:network": {"vpcId": "vpc-1a", "privateSubnetIds": ["subnet-1a"]}}) == [
        (
            "strata:network.privateSubnetIds: tuple should have at least 2 items after validation, not 1; "
            "allowed: two or more ids of private subnets in different zones, subnet-..."
        )
    ]


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.0.0.0/25", "10.0.0.1/16", "8.8.0.0/16", "ten"])
def test_a_range_that_no_vpc_takes_is_refused(cidr):
    (problem,) = problems({**RAW, "strata:network": {"cidr": cidr}})
    assert problem.endswith("allowed: a private IPv4 range from /16 to /24, for example 10.20.0.0/16")


@pytest.mark.parametrize(
    ("cdn", "expected"),
    [
        (
            {"aliases": ["api.example.com"]},
            (
                "strata:cdn.aliases: aliases need a certificate; allowed: beside aliases: "
                "certificateArn (in us-east-1), or hostedZoneId to have a certificate made"
            ),
        ),
        (
            {"hostedZoneId": "Z1"},
            "strata:cdn.hostedZoneId: has no alias to make records for; allowed: beside it: aliases",
        ),
        (
            {"aliases": ["a.example.com", "a.example.com"], "hostedZoneId": "Z1"},
            "strata:cdn.aliases: names a host twice; allowed: each host name once",
        ),
        (
            {"aliases": ["a.example.com"], "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/ab"},
            (
                "strata:cdn.certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/ab': does not have the "
                "right form; allowed: the ARN of a certificate in us-east-1, where CloudFront reads it whatever the "
                "stack's region"
            ),
        ),
        (
            {"originShieldRegion": "eu-west-3"},
            (
                "strata:cdn.originShieldRegion: 'eu-west-3': is not one of the values; "
                "allowed: a region with an Origin Shield: us-east-1, us-east-2, us-west-2, "
                "ap-south-1, ap-northeast-1, ap-northeast-2, ap-southeast-1, "
                "ap-southeast-2, eu-central-1, eu-west-1, eu-west-2, sa-east-1"
            ),
        ),
    ],
)
def test_a_distribution_that_cloudfront_would_refuse_is_refused_first(cdn, expected):
    assert problems({**RAW, "strata:cdn": cdn}) == [expected]


CORS_ALLOWED = "origins of web pages that may call the API, such as https://app.example.com, without a path"


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.example.com", "https://app.example.com/", "app.example.com", "https://App.example.com", "null"],
)
def test_a_web_page_is_named_by_its_whole_origin(origin):
    """Answers to it may be read with the caller's credentials, so there is no wildcard."""
    [problem] = problems({**RAW, "strata:cdn": {"corsOrigins": [origin]}})
    assert problem == f"strata:cdn.corsOrigins[0]: {origin!r}: does not have the right form; allowed: {CORS_ALLOWED}"


@pytest.mark.parametrize(
    ("cdn", "expected"),
    [
        (
            {"corsOrigins": ["https://a.example.com", "https://a.example.com"]},
            "strata:cdn.corsOrigins: names an origin twice; allowed: each origin once",
        ),
        (
            {"keyValueStore": False, "secretsVersion": 2},
            ("strata:cdn.secretsVersion: has no effect without a store; allowed: leave it out, or keyValueStore: true"),
        ),
        (
            {"secretsVersion": 0},
            (
                "strata:cdn.secretsVersion: 0: input should be greater than or equal to 1; "
                "allowed: 1, and a higher number each time that the edge's secrets are to be rotated"
            ),
        ),
        (
            {"keyValueStore": "perhaps"},
            (
                "strata:cdn.keyValueStore: 'perhaps': input should be a valid boolean; "
                "allowed: true; or false for an origin that only CloudFront can reach: digests without a pepper, no "
                "epochs, and nothing that proves to the origin where a request comes from"
            ),
        ),
    ],
)
def test_what_the_edge_cannot_do_is_refused(cdn, expected):
    assert problems({**RAW, "strata:cdn": cdn}) == [expected]


def test_the_edge_has_a_store_unless_told_otherwise():
    cdn = load("dev", RAW, "Pulumi.dev.yaml").cdn
    assert (cdn.key_value_store, cdn.secrets_version, cdn.cors_origins) == (True, 1, ())
    local = {"corsOrigins": ["http://localhost:5173", "https://app.example.com"]}
    assert load("dev", {**RAW, "strata:cdn": local}, "Pulumi.dev.yaml").cdn.cors_origins == tuple(local["corsOrigins"])


def test_production_lets_in_no_web_page_that_came_in_the_clear():
    raw = {**PRODUCTION, "strata:cdn": {**PRODUCTION["strata:cdn"], "corsOrigins": ["http://app.example.com"]}}
    assert problems(raw, "prod") == [
        (
            "strata:cdn.corsOrigins: 'http://app.example.com' is a page that anybody on its network may change; "
            "allowed: in production: https://"
        )
    ]


def test_a_stack_without_a_distribution_needs_no_api():
    raw = {key: value for key, value in RAW.items() if key != "strata:api"}
    assert load("dev", {**raw, "strata:cdn": {"enabled": False}}, "Pulumi.dev.yaml").api is None
    assert problems(raw) == [
        "strata:api.originDomain: is missing; allowed: the host name of the API, without scheme and port"
    ]


@pytest.mark.parametrize("stack", ["Dev", "a_b", "1a", "a--b", "a" * 33, "a-"])
def test_a_stack_whose_name_does_not_fit_into_names_on_aws_is_refused(stack):
    (problem,) = problems(RAW, stack)
    assert problem == (
        f"the stack's name: {stack!r} does not fit into names on AWS; "
        "allowed: a letter, then up to 31 of a-z and 0-9 with single - between them"
    )


def test_more_tenants_than_the_capacity_are_refused_with_the_key_to_set():
    raw = {**RAW, "strata:tenants": ["a", "b", "c"], "strata:partitions": {"capacity": 2}}
    assert problems(raw) == [
        (
            "strata:tenants: 3 tenants are more than strata:partitions.capacity 2; "
            "allowed: set strata:partitions.capacity to 3 or more (the instance then needs a restart)"
        )
    ]


@pytest.mark.parametrize(
    ("layout", "most", "way_out"),
    [
        ("list", 1_000, "strata:partitions.layout bucketed before the first deployment, or a second stack"),
        ("bucketed", 10_000, "a second stack"),
    ],
)
def test_more_tenants_than_the_layout_holds_are_refused_with_a_way_out(layout, most, way_out):
    """No capacity would do."""
    raw = {**RAW, "strata:tenants": [f"t{number}" for number in range(most + 1)]}
    assert problems({**raw, "strata:partitions": {"layout": layout}})[1:] == [
        (
            f"strata:tenants: {most + 1} tenants are more than the layout {layout} holds; "
            f"allowed: at most {most}; {way_out} for the others (docs/scaling.md)"
        )
    ]


def test_more_capacity_than_the_layout_holds_is_refused():
    assert problems({**RAW, "strata:partitions": {"capacity": 1_001}}) == [
        (
            "strata:partitions.capacity: 1001 is more than the layout list holds; "
            "allowed: at most 1000, or strata:partitions.layout bucketed before the first deployment"
        )
    ]
    assert problems({**RAW, "strata:partitions": {"layout": "bucketed", "capacity": 10_001}}) == [
        "strata:partitions.capacity: 10001 is more than the layout bucketed holds; allowed: at most 10000"
    ]


def test_production_has_guard_rails():
    assert load("prod", PRODUCTION, "Pulumi.prod.yaml").database.multi_az is True
    broken = {
        **RAW,
        "strata:tenants": [{"id": "acme", "state": "offboarding", "onRemove": "drop", "confirm": "acme"}],
        "strata:database": {"sslMode": "require", "deletionProtection": False, "backupRetentionDays": 6},
        "strata:api": {"originDomain": "api.example.com", "originProtocol": "http"},
    }
    assert problems(broken, "prod") == [
        (
            "strata:tenants: 'acme' has onRemove: drop, which deletes rows without an archive; "
            "allowed: in production: onRemove: archive"
        ),
        "strata:database.sslMode: is require; allowed: in production: verify-full",
        "strata:database.deletionProtection: is false; allowed: in production: true",
        "strata:database.backupRetentionDays: is 6; allowed: in production: 7 to 35",
        "strata:database.multiAz: is false; allowed: in production: true",
        (
            "strata:cdn.aliases: is missing, so CloudFront would use its own certificate, which allows TLS 1.0; "
            "allowed: in production: aliases, and certificateArn or hostedZoneId"
        ),
        "strata:api.originProtocol: tokens would travel in the clear; allowed: in production: https",
    ]
    assert load("dev", broken, "Pulumi.dev.yaml").tenants[0].on_remove == "drop"
