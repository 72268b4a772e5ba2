"""The AWS emulator of the local environment: a process of its own in a virtual environment of its own."""
