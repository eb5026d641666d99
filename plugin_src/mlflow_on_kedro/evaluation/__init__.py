"""Evaluations of what language models answer, with MLflow's scorers and judges."""
