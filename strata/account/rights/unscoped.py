"""The actions that are allowed on every resource of the account, each with the reason.

A test holds that no other action is, and that AWS's Service Authorization Reference knows no narrower form of these.
"""

from __future__ import annotations

from typing import Final

_A_LIST: Final = "a list of what is there; IAM cannot narrow it"

#: Action, and why it is allowed on ``*``; ``ec2:Describe*`` stands for each of EC2's describes.
ON_EVERYTHING: Final = {
    "ec2:Describe*": "EC2's describes take no resource",
    "acm:RequestCertificate": "the certificate has no ARN yet; the request must tag it as the stack's",
    "cloudfront:ListCachePolicies": _A_LIST,
    "cloudfront:ListOriginRequestPolicies": _A_LIST,
    "kms:CreateKey": "the key has no ARN yet; the request must tag it as the stack's",
    "kms:ListAliases": _A_LIST,
    "logs:DescribeLogGroups": _A_LIST,
    "route53:AssociateVPCWithHostedZone": "AWS makes the zone of an endpoint while it makes the endpoint",
    "sns:GetSubscriptionAttributes": "a subscription is no resource of IAM",
    "sns:SetSubscriptionAttributes": "a subscription is no resource of IAM",
    "sns:Unsubscribe": "a subscription is no resource of IAM",
    "ssm:DescribeParameters": _A_LIST,
}
