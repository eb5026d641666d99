"""From the raw measurements to wines for training and testing."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
