"""Sweeps: a pipeline run once for each combination of some parameters' values."""
