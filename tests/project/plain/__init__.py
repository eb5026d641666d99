"""Code that calls MLflow, as it is written for plain MLflow: it knows of no pipeline."""
