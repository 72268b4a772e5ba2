"""Reports of real previews, for the docs and for the tests: ``python -m local.preview_examples``."""
