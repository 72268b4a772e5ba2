"""What an environment costs: an estimate from its config and a dated table of prices, for docs/reference/cost.md."""
