"""The pipeline ``data_processing``."""

from kedro.pipeline import Pipeline, node

from .nodes import clean_wines, describe_wines, split_wines


def create_pipeline() -> Pipeline:
    """Connect the nodes by the names of their datasets."""
    return Pipeline(
        [
            node(clean_wines, "raw_wines", "wines", name="clean_wines"),
            node(describe_wines, "wines", "typical_wines", name="describe_wines"),
            node(
                split_wines,
                ["wines", "params:split"],
                ["train_wines", "test_wines", "split_sizes"],
                name="split_wines",
            ),
        ]
    )
