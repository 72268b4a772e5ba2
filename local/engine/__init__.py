"""Finds or builds the Pulumi CLI, and stands in for its Python language host."""
