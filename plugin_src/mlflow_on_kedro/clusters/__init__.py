"""Running the nodes of a pipeline on a cluster of Dask or Ray."""
