"""Running the nodes of a pipeline on a Dask cluster."""
