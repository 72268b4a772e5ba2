"""The tags that every resource of a stack carries."""


def default_tags(stack: str) -> dict[str, str]:
    """Return the tags of a stack's resources, for the provider's default tags."""
    return {"Project": "strata", "Stack": stack, "ManagedBy": "pulumi"}
