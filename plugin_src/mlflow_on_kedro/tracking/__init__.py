"""Speaking with MLflow: its stores, experiments and runs, and what can go wrong with them."""
