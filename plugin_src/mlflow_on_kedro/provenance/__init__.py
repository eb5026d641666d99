"""What it takes to repeat a run: its configuration, pipeline, code, packages and machine."""
