"""``MLflowModelDataset``: models in MLflow's own format, and the model registry."""
