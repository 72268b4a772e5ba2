"""Component resources of the stack, one file each."""
