import json

from infra.components.access_logs import RECORD_FIELDS, AccessLogs, AccessLogsArgs

DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E123"
SOURCE = "arn:aws:mock:eu-central-1:123456789012:access-logs-source"


def deployed(record):
    return record(
        lambda: [AccessLogs("access-logs", AccessLogsArgs("dev", DISTRIBUTION, retention_days=90)).bucket_name]
    )


def statement(resource, sid: str) -> dict:
    (found,) = [one for one in json.loads(resource.inputs["policy"])["Statement"] if one["Sid"] == sid]
    return found


def test_log_delivery_is_in_us_east_1(record):
    made = deployed(record)
    for kind in ("Source", "Destination", ""):
        token = f"aws:cloudwatch/logDelivery{kind}:LogDelivery{kind}"
        assert made.one(token).inputs["region"] == "us-east-1"
    assert made.one("aws:cloudwatch/logDeliverySource:LogDeliverySource").inputs["resourceArn"] == DISTRIBUTION


def test_the_bucket_admits_this_account_s_delivery_source_only(record):
    write = statement(deployed(record).one("aws:s3/bucketPolicy:BucketPolicy"), "LogDeliveryWrites")
    assert write["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert write["Action"] == "s3:PutObject"
    assert write["Resource"].endswith("access-logs-bucket/AWSLogs/123456789012/CloudFront/*")
    assert write["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012", "s3:x-amz-acl": "bucket-owner-full-control"},
        "ArnEquals": {"aws:SourceArn": SOURCE},
    }


def test_the_key_admits_this_account_s_delivery_source_only(record):
    encrypt = statement(deployed(record).one("aws:kms/key:Key"), "LogDeliveryUsesKey")
    assert encrypt["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert encrypt["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": SOURCE},
    }


def test_the_delivery_waits_for_both_policies(record):
    delivery = deployed(record).one("aws:cloudwatch/logDelivery:LogDelivery")
    assert {"access-logs-policy", "access-logs-key"} <= delivery.depends_on


def test_records_are_json_without_what_carries_tokens(record):
    made = deployed(record)
    destination = made.one("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination").inputs
    assert destination["outputFormat"] == "json"
    fields = made.one("aws:cloudwatch/logDelivery:LogDelivery").inputs["recordFields"]
    assert fields == list(RECORD_FIELDS)
    assert not {"cs(Cookie)", "cs-uri-query", "cs(Referer)"} & set(fields)
    assert {"cs-uri-stem", "sc-status", "x-edge-result-type", "x-edge-detailed-result-type"} <= set(fields)


def test_records_expire_and_abandoned_uploads_go(record):
    (rule,) = deployed(record).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert rule["status"] == "Enabled"
    assert rule["expiration"] == {"days": 90}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
