"""The environments of a project: one stack file each, ``Pulumi.<name>.yaml``, with a list of tenants beside it."""
