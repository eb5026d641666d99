"""What ``kedro mlflow init`` changes in a project, and how it edits settings.py."""
