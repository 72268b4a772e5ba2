"""One rule per file; the pack's table is `policy.pack.RULES`."""
