"""What a pipeline has read: the datasets of a run, with source, columns and digest."""
