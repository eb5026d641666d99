"""Prompts of MLflow's prompt registry: what they contain, and their versions."""
