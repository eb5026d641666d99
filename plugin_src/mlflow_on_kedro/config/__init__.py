"""mlflow.yml: its keys, how it is read and checked, and what hooks and commands override."""
