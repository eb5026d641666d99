"""``MLflowDataset``: a value that is a local file like any other, and in MLflow as well."""
