"""Checkov over planned resources: a translation to Terraform JSON, and the scanner in an environment of its own."""
