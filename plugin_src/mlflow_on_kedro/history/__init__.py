"""Looking back at runs in MLflow: which there are, which was best, what one of them was."""
