"""MLflow in a notebook or script, where no pipeline runs."""
