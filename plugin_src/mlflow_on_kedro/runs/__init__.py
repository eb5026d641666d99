"""A pipeline's run: logging to it, from its opening to its end, in every process."""
