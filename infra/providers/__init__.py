"""Dynamic providers: thin glue over strata. Module paths here are a permanent contract (see docs/adr)."""
