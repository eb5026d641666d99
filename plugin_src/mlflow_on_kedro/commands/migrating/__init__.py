"""What ``kedro mlflow migrate`` rewrites in a project, and how it edits YAML and Python."""
