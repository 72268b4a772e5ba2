"""pulumi-resource-aws over boto3, one file per AWS service."""
