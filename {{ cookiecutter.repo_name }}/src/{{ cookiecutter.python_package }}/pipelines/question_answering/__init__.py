"""Answers questions about a text with a language model, and evaluates the answers."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
