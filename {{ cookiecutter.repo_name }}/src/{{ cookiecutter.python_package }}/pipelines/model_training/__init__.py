"""Trains a classifier, evaluates it, and approves it if it is good enough."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
