"""The sections of a stack file: one file for each thing that they describe, one frozen model for each mapping.

Keys are camelCase in the stack file and snake_case here. A field says what is allowed (its description) and what it
does and what a change of it causes (its `Key`); error messages, the JSON schemas and the reference are made from these.
Rules between keys are in `infra.config.rules`.
"""
