"""Where alarms go: an encrypted SNS topic that CloudWatch and RDS may publish to, and who reads it.

AWS's own key ``alias/aws/sns`` lets no other service in, so that alarms would be lost without a word: the topic has a
key of its own (AWS re:Post Knowledge Center, "CloudWatch alarms and encrypted SNS topics").
"""

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.components.encryption_key import EncryptionKeyArgs, encryption_key
from infra.components.policy_document import policy_document

_PUBLISHERS: Final = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]


@dataclass(frozen=True)
class AlarmTopicArgs:
    """Inputs of `AlarmTopic`.

    Args:
        topic_name: the topic's name, and its key's.
        email: an address that gets each alarm once its reader has confirmed; None for none.
        region: where it is: alarms publish to topics of their own region only.
    """

    topic_name: str
    email: str | None
    region: str


class AlarmTopic(pulumi.ComponentResource):
    """A topic for alarms.

    Outputs: ``arn``, known once services may publish to it.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("strata:infra:AlarmTopic", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._account_id = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=args.topic_name,
            display_name=args.topic_name,
            kms_master_key_id=self._make_key(args).arn,
            region=args.region,
            opts=self._child,
        )
        policy = self._admit(topic, args.region)
        if args.email:
            aws.sns.TopicSubscription(
                f"{name}-email",
                topic=topic.arn,
                protocol="email",
                endpoint=args.email,
                region=args.region,
                opts=self._child,
            )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})

    def _make_key(self, args: AlarmTopicArgs) -> aws.kms.Key:
        may_encrypt = {
            "Sid": "PublishersUseKey",
            "Effect": "Allow",
            "Principal": {"Service": _PUBLISHERS},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": self._of_this_account(),
        }
        key_args = EncryptionKeyArgs(args.topic_name, "Encrypts alarms on their way", [may_encrypt], args.region)
        return encryption_key(f"{self._name}-key", key_args, self._child)

    def _admit(self, topic: aws.sns.Topic, region: str) -> aws.sns.TopicPolicy:
        """Let the publishers in for this account only, and nobody without TLS."""
        may_publish = {
            "Sid": "PublishersPublish",
            "Effect": "Allow",
            "Principal": {"Service": _PUBLISHERS},
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": self._of_this_account(),
        }
        tls_only = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return aws.sns.TopicPolicy(
            f"{self._name}-policy",
            arn=topic.arn,
            policy=policy_document([may_publish, tls_only]),
            region=region,
            opts=self._child,
        )

    def _of_this_account(self) -> dict[str, Any]:
        return {"StringEquals": {"aws:SourceAccount": self._account_id}}
