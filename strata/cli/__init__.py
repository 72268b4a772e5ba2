"""The command `strata NOUN VERB`: one file per noun. A command parses, calls the library and prints; no more."""
