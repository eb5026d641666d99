"""What `kedro mlflow import` is made of."""
