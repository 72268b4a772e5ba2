"""What is no longer as the stack recorded it: found by the engine's own refresh, and told in one issue."""
