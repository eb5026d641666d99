"""The same pipelines under other plugins and under this one, and what MLflow holds of them."""
