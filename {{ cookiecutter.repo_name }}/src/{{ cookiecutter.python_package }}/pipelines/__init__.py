"""One package for each pipeline."""
