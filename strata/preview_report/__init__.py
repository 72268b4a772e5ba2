"""What a reviewer reads: the engine's streamed events of a preview, as facts and as a comment."""
