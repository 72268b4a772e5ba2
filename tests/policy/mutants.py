"""Plans with one mistake each, and the rules that must say so."""

from __future__ import annotations

import base64
import copy
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policy.plan import PlannedResource
from tests.policy.planning import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.policy.planning import Plan

INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
KEY = "aws:kms/key:Key"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TOPIC = "aws:sns/topic:Topic"
SECRET = "aws:secretsmanager/secret:Secret"
PARAMETER = "aws:ssm/parameter:Parameter"
ROLE = "postgresql:index/role:Role"
TENANT = "pulumi-python:dynamic/strata:TenantPartitions"


@dataclass(frozen=True)
class Mutant:
    """One mistake.

    Args:
        name: what was done.
        stack: to which stack's plan.
        make: returns the plan with the mistake.
        rules: the rules that must fire, and no others.
        message: a part of what one of them says.
    """

    name: str
    stack: str
    make: Callable[[Plan], Plan]
    rules: frozenset[str]
    message: str

    def plan(self) -> Plan:
        """Return the plan with the mistake."""
        return self.make(plan(self.stack))


def mutant(name: str, make: Callable[[Plan], Plan], rules: str, message: str, stack: str = "prod") -> Mutant:
    """Return a mutant of a stack, with its rules separated by blanks."""
    return Mutant(name, stack, make, frozenset(rules.split()), message)


def put(type_: str, name: str | None, path: str, value: Any) -> Callable[[Plan], Plan]:
    """Return what sets a property, such as ``origins[0].domainName``; of None it is removed."""

    def change(resource: PlannedResource) -> PlannedResource:
        properties: Any = copy.deepcopy(dict(resource.properties))
        *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
        target = properties
        for step in way:
            target = target[step]
        if value is None:
            del target[last]
        else:
            target[last] = value
        return replace(resource, properties=properties)

    return lambda planned: planned.changed(type_, name, change)


def unprotected(type_: str, name: str | None) -> Callable[[Plan], Plan]:
    """Return what lifts a resource's protection."""
    return lambda planned: planned.changed(type_, name, lambda resource: replace(resource, protect=False))


def statement(name: str, number: int, **changes: Any) -> Callable[[Plan], Plan]:
    """Return what changes a statement of a bucket's policy; without changes it is removed."""

    def change(resource: PlannedResource) -> PlannedResource:
        document = json.loads(resource.properties["policy"])
        if changes:
            document["Statement"][number] |= changes
        else:
            del document["Statement"][number]
        return replace(resource, properties={**resource.properties, "policy": json.dumps(document)})

    return lambda planned: planned.changed(BUCKET_POLICY, name, change)


def without(type_: str, name: str) -> Callable[[Plan], Plan]:
    """Return what removes a resource."""
    return lambda planned: planned.without(type_, name)


def another(type_: str, **properties: Any) -> Callable[[Plan], Plan]:
    """Return what adds a resource, made by the stack's provider."""

    def make(planned: Plan) -> Plan:
        urn = f"urn:pulumi:{planned.stack}::strata::{type_}::added"
        provider = planned.one(INSTANCE).provider
        return planned.with_another(PlannedResource(type_, "added", urn, properties, protect=False, provider=provider))

    return make


def provided(type_: str, name: str, key: str, value: Any) -> Callable[[Plan], Plan]:
    """Return what changes a setting of a resource's provider."""

    def change(resource: PlannedResource) -> PlannedResource:
        return replace(resource, provider={**(resource.provider or {}), key: value})

    return lambda planned: planned.changed(type_, name, change)


#: Where a password would be typed first.
_USER_DATA = base64.b64encode(b"export PGPASSWORD=correct-horse-battery\n").decode()
#: What looks like secrets, put together here so that no scanner of this file finds one.
_ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
_TOKEN = "ghp_" + "a" * 36
_JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkw" + ".c2lnbmF0dXJlLW9mLWl0"
_PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE"
_MACHINE = {"associatePublicIpAddress": False, "rootBlockDevice": {"encrypted": True}}

MUTANTS = (
    # encryption-at-rest
    mutant("plain disk", put(INSTANCE, None, "storageEncrypted", False), "encryption-at-rest", "storageEncrypted"),
    mutant("disk left open", put(INSTANCE, None, "storageEncrypted", None), "encryption-at-rest", "storageEncrypted"),
    mutant("key for ever", put(KEY, "archive-key", "enableKeyRotation", False), "encryption-at-rest", "enableKeyRot"),
    mutant(
        "bucket with the key of S3",
        put(
            BUCKET_ENCRYPTION,
            "archive-encryption",
            "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
            "AES256",
        ),
        "encryption-at-rest",
        "sseAlgorithm is AES256; allowed: aws:kms or aws:kms:dsse",
    ),
    mutant("plain topic", put(TOPIC, "alarms-topic", "kmsMasterKeyId", None), "encryption-at-rest", "kmsMasterKeyId"),
    mutant("plain logs", put(LOG_GROUP, "database-logs-upgrade", "kmsKeyId", None), "encryption-at-rest", "kmsKeyId"),
    mutant("secret of no key", put(SECRET, None, "kmsKeyId", ""), "encryption-at-rest", "kmsKeyId is empty"),
    mutant(
        "machine with a plain disk",
        another("aws:ec2/instance:Instance", associatePublicIpAddress=False),
        "encryption-at-rest",
        "root disk",
    ),
    # no-public-access
    mutant(
        "public instance", put(INSTANCE, None, "publiclyAccessible", True), "no-public-access", "publiclyAccessible"
    ),
    mutant(
        "database for the internet",
        put(INGRESS, "network-database-from-application", "cidrIpv4", "0.0.0.0/0"),
        "no-public-access",
        "0.0.0.0/0 may connect",
    ),
    mutant(
        "database for the newer internet",
        put(INGRESS, "network-database-from-application", "cidrIpv6", "::/0"),
        "no-public-access",
        "::/0 may connect",
    ),
    mutant(
        "rule inside a group",
        put(SECURITY_GROUP, "network-database", "ingress", [{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]),
        "no-public-access",
        "0.0.0.0/0",
    ),
    mutant(
        "classic rule",
        another("aws:ec2/securityGroupRule:SecurityGroupRule", type="ingress", ipv6CidrBlocks=["::/0"]),
        "no-public-access",
        "::/0",
    ),
    mutant(
        "public subnet", put(SUBNET, "network-database-1", "mapPublicIpOnLaunch", True), "no-public-access", "subnet"
    ),
    mutant(
        "public machine",
        another("aws:ec2/instance:Instance", **{**_MACHINE, "associatePublicIpAddress": True}),
        "no-public-access",
        "public address",
    ),
    *(
        mutant(f"no {key}", put(ACCESS_BLOCK, "archive-public-access", key, False), "no-public-access", key)
        for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    mutant(
        "everybody writes logs",
        statement("access-logs-policy", 1, Principal={"AWS": ["*"]}, Condition={}),
        "no-public-access",
        "policy allows everybody s3:PutObject",
    ),
    mutant(
        "public bucket", put(BUCKET, "archive-bucket", "acl", "public-read"), "no-public-access", "acl is public-read"
    ),
    # closed-buckets
    mutant("unlocked bucket", without(ACCESS_BLOCK, "archive-public-access"), "closed-buckets", "may be opened"),
    mutant("bucket with ACLs", without(OWNERSHIP, "archive-ownership"), "closed-buckets", "has ACLs"),
    mutant("bucket of no key", without(BUCKET_ENCRYPTION, "archive-encryption"), "closed-buckets", "not encrypted"),
    mutant("bucket of no policy", without(BUCKET_POLICY, "archive-policy"), "closed-buckets", "without TLS"),
    # tls-only
    mutant("clear text to a bucket", statement("access-logs-policy", 0), "tls-only", "no statement refuses clear text"),
    mutant("clear text to readers", statement("archive-policy", 0, Action="s3:GetObject"), "tls-only", "clear text"),
    mutant("clear text to PostgreSQL", put(PARAMETERS, None, "parameters[2].value", "0"), "tls-only", "rds.force_ssl"),
    mutant("unasked server", provided(ROLE, "strata-app", "sslmode", "require"), "tls-only", "sslmode"),
    mutant(
        "redirect",
        put(DISTRIBUTION, None, "orderedCacheBehaviors[0].viewerProtocolPolicy", "redirect-to-https"),
        "tls-only",
        "a redirect comes too late",
    ),
    mutant(
        "old viewers",
        put(DISTRIBUTION, None, "viewerCertificate.minimumProtocolVersion", "TLSv1.1_2016"),
        "tls-only",
        "minimumProtocolVersion is TLSv1.1_2016",
    ),
    mutant(
        "certificate of CloudFront",
        put(DISTRIBUTION, None, "viewerCertificate", {"cloudfrontDefaultCertificate": True}),
        "tls-only",
        "TLS 1.0",
    ),
    mutant(
        "clear text to the origin",
        put(DISTRIBUTION, None, "origins[0].customOriginConfig.originProtocolPolicy", "match-viewer"),
        "tls-only",
        "originProtocolPolicy is match-viewer",
    ),
    mutant(
        "old protocol to the origin",
        put(DISTRIBUTION, None, "origins[1].customOriginConfig.originSslProtocols", ["TLSv1", "TLSv1.2"]),
        "tls-only",
        "TLSv1 is spoken",
    ),
    # tags
    mutant("untagged", provided(BUCKET, "archive-bucket", "defaultTags", None), "tags", "the tag Project is missing"),
    mutant("somebody else's", put(SUBNET, "network-database-1", "tags", {"Stack": "dev"}), "tags", "Stack is dev"),
    # deletion-protection
    mutant(
        "no snapshot", put(INSTANCE, None, "skipFinalSnapshot", True), "deletion-protection", "skipFinalSnapshot", "dev"
    ),
    mutant(
        "deletable", put(INSTANCE, None, "deletionProtection", False), "deletion-protection", "deletionProt", "staging"
    ),
    mutant("unprotected instance", unprotected(INSTANCE, None), "deletion-protection", "allowed: protect"),
    mutant("unprotected archive", unprotected(BUCKET, "archive-bucket"), "deletion-protection", "allowed: protect"),
    mutant("unprotected key", unprotected(KEY, "archive-key"), "deletion-protection", "allowed: protect"),
    mutant(
        "emptied on delete", put(BUCKET, "archive-bucket", "forceDestroy", True), "deletion-protection", "forceDestroy"
    ),
    mutant(
        "secret gone at once", put(SECRET, None, "recoveryWindowInDays", 0), "deletion-protection", "recoveryWindow"
    ),
    # no-inline-passwords
    mutant(
        "master password", put(INSTANCE, None, "password", "correct-horse"), "no-inline-passwords", "password holds"
    ),
    mutant(
        "role's password", put(ROLE, "strata-app", "password", "correct-horse"), "no-inline-passwords", "password holds"
    ),
    mutant(
        "password of one machine",
        another("aws:ec2/instance:Instance", **_MACHINE, userDataBase64=_USER_DATA),
        "no-inline-passwords",
        "userDataBase64 holds a password",
    ),
    mutant(
        "private key of one machine",
        another("aws:ec2/instance:Instance", **_MACHINE, userData=_PRIVATE_KEY),
        "no-inline-passwords",
        "userData holds a private key",
    ),
    *(
        mutant(f"{what} in a parameter", put(PARAMETER, "connection-parameter", "insecureValue", value), rule, what)
        for rule, what, value in (
            ("no-inline-passwords", "a URL with a password", "postgresql://app:hunter22@host/strata"),
            ("no-inline-passwords", "an access key of AWS", f"id {_ACCESS_KEY}"),
            ("no-inline-passwords", "a token of GitHub", _TOKEN),
            ("no-inline-passwords", "a JSON Web Token", f"Bearer {_JWT}"),
        )
    ),
    mutant(
        "value of a secret",
        another("aws:secretsmanager/secretVersion:SecretVersion", secretId="edge", secretString="correct-horse"),
        "no-inline-passwords",
        "secretString holds a secret",
    ),
    mutant(
        "password of chance",
        another("random:index/randomPassword:RandomPassword", length=32),
        "no-inline-passwords",
        "in state",
    ),
    mutant("SecureString", another(PARAMETER, type="SecureString", value="x"), "no-inline-passwords", "SecureString"),
    mutant(
        "proof to the origin",
        put(DISTRIBUTION, None, "origins[0].customHeaders", [{"name": "x-origin-verify", "value": "s3cr3t"}]),
        "no-inline-passwords",
        "customHeaders holds x-origin-verify",
    ),
    # the cache
    mutant(
        "no-store ignored",
        put(CACHE_POLICY, "edge-policies-user-data", "minTtl", 1),
        "zero-ttls cache-contract",
        "minTtl is 1",
    ),
    mutant(
        "kept for a day",
        put(CACHE_POLICY, "edge-policies-realtime", "defaultTtl", 86400),
        "zero-ttls cache-contract",
        "86400",
    ),
    mutant(
        "kept unasked",
        put(CACHE_POLICY, "edge-policies-realtime", "defaultTtl", None),
        "zero-ttls cache-contract",
        "86400",
    ),
    mutant(
        "behavior without a policy",
        put(DISTRIBUTION, None, "orderedCacheBehaviors[0].cachePolicyId", None),
        "zero-ttls cache-contract",
        "has no cache policy",
    ),
    mutant(
        "cookies in the key",
        put(
            CACHE_POLICY,
            "edge-policies-user-data",
            "parametersInCacheKeyAndForwardedToOrigin.cookiesConfig",
            {"cookieBehavior": "all"},
        ),
        "unkeyed-inputs cache-contract",
        "Set-Cookie",
    ),
    mutant(
        "caller not in the key",
        put(
            CACHE_POLICY,
            "edge-policies-user-data",
            "parametersInCacheKeyAndForwardedToOrigin.headersConfig.headers.items",
            ["accept-language"],
        ),
        "cache-contract",
        "callers would see each other's answers",
    ),
    mutant(
        "header outside the key",
        put(ORIGIN_REQUEST_POLICY, "edge-policies-shared", "headersConfig.headers.items", ["x-forwarded-host"]),
        "unkeyed-inputs cache-contract",
        "the header x-forwarded-host reaches the origin and is not in the key",
    ),
    mutant(
        "every header outside the key",
        put(ORIGIN_REQUEST_POLICY, "edge-policies-caller", "headersConfig", {"headerBehavior": "allViewer"}),
        "unkeyed-inputs cache-contract",
        "every header reaches the origin",
    ),
    mutant(
        "every query parameter outside the key",
        put(ORIGIN_REQUEST_POLICY, "edge-policies-caller", "queryStringsConfig", {"queryStringBehavior": "all"}),
        "unkeyed-inputs cache-contract",
        "every query parameter reaches the origin",
    ),
    mutant(
        "cookies to the origin",
        put(ORIGIN_REQUEST_POLICY, "edge-policies-shared", "cookiesConfig", {"cookieBehavior": "all"}),
        "unkeyed-inputs cache-contract",
        "every cookie reaches the origin",
    ),
    mutant(
        "whole request on a cached path",
        put(
            DISTRIBUTION, None, "orderedCacheBehaviors[0].originRequestPolicyId", "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        ),
        "cache-contract",
        "every header reaches the origin and is not in the key",
    ),
    mutant(
        "policy of nobody",
        put(DISTRIBUTION, None, "orderedCacheBehaviors[0].cachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"),
        "cache-contract",
        "is not of this stack",
    ),
    mutant(
        "path of nobody",
        put(DISTRIBUTION, None, "orderedCacheBehaviors[0].pathPattern", "/api/v1/payments*"),
        "cache-contract",
        "/api/v1/payments*: is not in the cache contract",
    ),
    mutant(
        "no function",
        put(DISTRIBUTION, None, "orderedCacheBehaviors[2].functionAssociations", []),
        "cache-contract",
        "no function runs",
    ),
    mutant(
        "error kept",
        put(DISTRIBUTION, None, "customErrorResponses", [{"errorCode": 502, "errorCachingMinTtl": 10}]),
        "cache-contract",
        "a 502 is kept",
    ),
    # logs
    mutant(
        "logs for ever",
        put(LOG_GROUP, "database-logs-postgresql", "retentionInDays", None),
        "log-retention",
        "for ever",
    ),
    mutant(
        "logs for ever, said so",
        put(LOG_GROUP, "database-logs-upgrade", "retentionInDays", 0),
        "log-retention",
        "for ever",
    ),
    mutant(
        "expiry switched off",
        put(LIFECYCLE, "access-logs-expiry", "rules[0].status", "Disabled"),
        "log-retention log-expiry",
        "is Disabled",
    ),
    mutant("no expiry", without(LIFECYCLE, "access-logs-expiry"), "log-expiry", "keeps its logs for ever"),
    # tenants
    mutant(
        "unprotected tenant", unprotected(TENANT, "tenant-globex"), "tenant-protection", "is active and not protected"
    ),
    mutant(
        "dropped in production",
        put(TENANT, "tenant-globex", "on_remove", "drop"),
        "tenant-protection",
        "keeps no archive",
    ),
    mutant(
        "tenant's connection",
        put(TENANT, "tenant-globex", "connection", "postgresql://db.example.com/strata"),
        "tenant-protection",
        "connection is no reference",
    ),
)


#: What is not known in the first preview of a stack: what comes from resources that are not there yet.
def with_unknowns(planned: Plan) -> Plan:
    """Return a plan as the first preview of a stack sees it."""

    def hide(value: Any) -> Any:
        if isinstance(value, str):
            return UNKNOWN_TEXT if "${" in value else value
        if isinstance(value, dict):
            return {key: hide(item) for key, item in value.items()}
        return [hide(item) for item in value] if isinstance(value, list) else value

    hidden = (replace(one, properties=hide(dict(one.properties))) for one in planned.resources)
    return replace(planned, resources=tuple(hidden))


#: What the engine sends for a text that nobody knows yet (`pulumi_policy.proxy`).
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
