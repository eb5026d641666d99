"""From the journal of a run to MLflow, beside the nodes: a thread or a process of its own."""
