"""The datasets that a pipeline reads from outside: source, columns and digest of each."""
