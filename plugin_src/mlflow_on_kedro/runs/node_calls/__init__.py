"""What nodes and hooks call of MLflow themselves: it lands in the pipeline's run, or below it."""
