"""mlflow.yml: what it may say, how it is read, and what the command line lays over it."""
