"""The translation to Terraform JSON: everything is there, under the names that Terraform's provider has."""

import pytest

from local.scanner.terraform import UntranslatedTypeError, name_of, reference, translate, type_of
from policy.plan import PlannedResource
from tests.policy.planning import STACKS, plan

#: Names of the Terraform provider's documentation, where a rule of spelling could be wrong.
DOCUMENTED_TYPES = {
    "aws:acm/certificateValidation:CertificateValidation": "aws_acm_certificate_validation",
    "aws:cloudfront/keyValueStore:KeyValueStore": "aws_cloudfront_key_value_store",
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": "aws_cloudfront_origin_request_policy",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "aws_cloudwatch_log_delivery_source",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "aws_cloudwatch_log_metric_filter",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:ec2/instance:Instance": "aws_instance",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "aws:iam/instanceProfile:InstanceProfile": "aws_iam_instance_profile",
    "aws:rds/eventSubscription:EventSubscription": "aws_db_event_subscription",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "aws_s3_bucket_server_side_encryption_configuration"
    ),
    "aws:sns/topicPolicy:TopicPolicy": "aws_sns_topic_policy",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
}
#: Blocks and arguments that the checks read, as the documentation spells them.
DOCUMENTED_PROPERTIES = {
    ("aws_cloudfront_distribution", "edge-distribution"): {
        "aliases",
        "custom_error_response",
        "default_cache_behavior",
        "default_root_object",
        "http_version",
        "is_ipv6_enabled",
        "ordered_cache_behavior",
        "origin",
        "price_class",
        "restrictions",
        "viewer_certificate",
    },
    ("aws_db_instance", "database-instance"): {
        "db_name",
        "deletion_protection",
        "enabled_cloudwatch_logs_exports",
        "iam_database_authentication_enabled",
        "manage_master_user_password",
        "monitoring_interval",
        "multi_az",
        "performance_insights_kms_key_id",
        "publicly_accessible",
        "storage_encrypted",
        "vpc_security_group_ids",
    },
    ("aws_db_parameter_group", "database-parameters"): {"family", "parameter"},
    ("aws_s3_bucket_lifecycle_configuration", "access-logs-expiry"): {"bucket", "rule"},
    ("aws_s3_bucket_server_side_encryption_configuration", "archive-encryption"): {"bucket", "rule"},
    ("aws_route53_record", "records-api-example-com-a"): {"alias", "name", "type", "zone_id"},
    ("aws_cloudwatch_metric_alarm", "alarm-hit-ratio-user-data"): {"alarm_actions", "dimensions", "threshold"},
}


def resource(type_: str, **properties) -> PlannedResource:
    return PlannedResource(type_, "one", "urn:pulumi:dev::strata::x::one", properties, protect=False, provider=None)


def translated(type_: str, **properties):
    return translate([resource(type_, **properties)])["resource"][type_of(type_)]["one"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_of_aws_is_there(stack):
    planned = [one for one in plan(stack).resources if one.type.startswith("aws:")]
    blocks = translate(planned)["resource"]
    assert {(type_of(one.type), name_of(one.name)) for one in planned} == {
        (type_, name) for type_, named in blocks.items() for name in named
    }
    assert sum(map(len, blocks.values())) == len(planned) > 60


@pytest.mark.parametrize("stack", STACKS)
def test_every_input_is_there(stack):
    for one in plan(stack).resources:
        if one.type.startswith("aws:"):
            block = translate([one])["resource"][type_of(one.type)][name_of(one.name)]
            said = {key: value for key, value in one.properties.items() if value is not None}
            assert len(block) == len(said) + 1  # the lifecycle, which is the engine's own


@pytest.mark.parametrize(("token", "documented"), DOCUMENTED_TYPES.items())
def test_types_have_their_names(token, documented):
    assert type_of(token) == documented


@pytest.mark.parametrize(
    ("address", "documented"), DOCUMENTED_PROPERTIES.items(), ids=map(".".join, DOCUMENTED_PROPERTIES)
)
def test_properties_have_their_names(address, documented):
    type_, name = address
    assert documented <= translate(plan("prod").resources)["resource"][type_][name].keys()


def test_a_block_that_is_there_once_is_a_list_of_one():
    found = translated("aws:s3/bucketVersioning:BucketVersioning", versioningConfiguration={"status": "Enabled"})
    assert found["versioning_configuration"] == [{"status": "Enabled"}]


def test_blocks_are_named_one_by_one_and_values_are_not():
    found = translated("aws:cloudfront/distribution:Distribution", origins=[{"originId": "api"}], aliases=["a.example"])
    assert found["origin"] == [{"origin_id": "api"}]
    assert found["aliases"] == ["a.example"]


def test_tags_keep_their_keys():
    assert translated("aws:ec2/vpc:Vpc", tags={"CostCenter": "1"})["tags"] == {"CostCenter": "1"}


def test_whole_numbers_are_whole_and_nothing_is_left_out():
    found = translated("aws:kms/key:Key", deletionWindowInDays=30.0, description=None)
    assert found == {"deletion_window_in_days": 30, "lifecycle": [{"create_before_destroy": True}]}


def test_a_reference_leads_to_its_resource():
    text = reference("aws:route53/record:Record", "certificate-api.example.com", "fqdn")
    assert text == "${aws_route53_record.certificate-api-example-com.fqdn}"


def test_a_type_without_a_name_is_refused():
    with pytest.raises(UntranslatedTypeError, match="aws:dynamodb/table:Table") as refused:
        translate([resource("aws:dynamodb/table:Table")])
    assert "add its module to local/scanner/terraform.py" in str(refused.value)


def test_what_is_not_of_aws_is_left_out():
    assert translate([resource("postgresql:index/role:Role", name="strata_app")]) == {"resource": {}}
