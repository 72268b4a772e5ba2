"""The policy pack: what every stack must have, one rule per file below `rules`."""
