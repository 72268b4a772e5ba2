"""Whether this machine, these credentials and this stack are fit to work with: a line each, and what to do about it."""
