"""Models: flavors, saving, logged models, and the model registry, below ``MLflowModelDataset``."""
