"""The AWS provider of a stack: one region, and tags on everything.

What CloudFront reads only in us-east-1 (certificates, log delivery) names that region on the resource itself.
"""

from typing import Final

import pulumi_aws as aws

from infra.tags import default_tags

#: The region of everything that CloudFront reads, whatever the stack's region.
CLOUDFRONT_REGION: Final = "us-east-1"


def aws_provider(stack: str, region: str) -> aws.Provider:
    """Return the provider that the stack's components use."""
    return aws.Provider("aws", region=region, default_tags=aws.ProviderDefaultTagsArgs(tags=default_tags(stack)))
