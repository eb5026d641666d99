"""MLflow in notebooks and scripts, where no pipeline runs."""
