"""``MLflowEvaluationDataset``: an evaluation dataset that is kept in MLflow, as a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..mlflow_internals import mlflow_globals
from ..tracking import store
from ..tracking.failures import is_gone, is_invalid
from ..utils.secrets import mask_urls
from .arguments import check_texts, check_uri
from .evaluation import is_too_old, what_it_needs
from .tracked import TrackedDataset

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("inputs", "outputs", "expectations")
_ID = re.compile(r"d-[0-9a-f]{32}")


class MLflowEvaluationDataset(TrackedDataset):
    """Loads an evaluation dataset of MLflow as a table, for a node that answers its questions.

    The table has the columns ``inputs`` and ``expectations``, of which each value is a dict, and
    ``outputs`` if the records have any. A node adds ``outputs``, and a
    :class:`~mlflow_on_kedro.MLflowEvaluation` evaluates the table. It is never saved: records are
    added in MLflow's UI, or with ``mlflow.genai.datasets``.

    Args:
        dataset: Its name in MLflow, or its id (``d-…``).
        dataset_name: The name in messages. Default: the catalog's name.
        tracking_uri: The MLflow that has it. Default: the project's.
        metadata: Any data, which is not used.

    Raises:
        DatasetError: ``dataset`` is no text, ``tracking_uri`` is no tracking URI, or, before the
            pipeline runs, MLflow is too old.

    Example:
        >>> questions = MLflowEvaluationDataset("support questions")
    """

    filepath = None

    def __init__(
        self,
        dataset: str,
        dataset_name: str | None = None,
        tracking_uri: str | None = None,
        *,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        check_texts(dataset=dataset)
        check_uri("tracking_uri", tracking_uri)
        self.dataset = dataset
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._given_uri = tracking_uri

    def check(self) -> None:
        """Raise an error for an MLflow that has no such datasets, before the pipeline runs."""
        if is_too_old():
            raise DatasetError(f"an evaluation dataset of MLflow {what_it_needs()}.")

    def load(self) -> pd.DataFrame:
        """Load the records.

        Raises:
            DatasetError: MLflow is too old, has no such dataset, or cannot be reached.
        """
        self.check()
        store.prepare()
        from mlflow.genai import datasets

        uri = self.tracking_uri_for(self._given_uri)
        try:
            with mlflow_globals.tracking_uri(uri):
                records = datasets.get_dataset(dataset_id=self._find(uri)).to_df()
        except DatasetError:
            raise
        except Exception as error:
            if is_gone(error) or is_invalid(error):
                raise self._missing(uri) from None
            raise DatasetError(
                f"The evaluation dataset {self.dataset!r} cannot be loaded from MLflow at "
                f"{mask_urls(uri)}: {mask_urls(str(error))}"
            ) from None
        # MLflow returns an empty dict, or None, where a record has no value.
        has_outputs = "outputs" in records and any(records["outputs"])
        return records[[name for name in _COLUMNS if name != "outputs" or has_outputs]]

    def _find(self, uri: str) -> str:
        """Return the id of the dataset.

        Raises:
            DatasetError: There is none of this name, or there are several.
        """
        from mlflow.genai import datasets

        if _ID.fullmatch(self.dataset):
            return self.dataset
        name = self.dataset.replace("'", "\\'")
        found = datasets.search_datasets(filter_string=f"name = '{name}'")
        if not found:
            raise self._missing(uri)
        if len(found) > 1:
            ids = ", ".join(each.dataset_id for each in found)
            raise DatasetError(
                f"MLflow at {mask_urls(uri)} has several evaluation datasets {self.dataset!r}. "
                f"Name the one that you mean by its id: {ids}."
            )
        return str(found[0].dataset_id)

    def _missing(self, uri: str) -> DatasetError:
        return DatasetError(
            f"MLflow at {mask_urls(uri)} has no evaluation dataset {self.dataset!r}. The page of "
            "an experiment lists them below Datasets."
        )

    def save(self, data: Any) -> None:
        """Raise an error: records are added in MLflow.

        Raises:
            DatasetError: Always.
        """
        del data
        raise DatasetError(
            f"'{self.name}' is an evaluation dataset of MLflow, which is only loaded. To evaluate "
            "what a node returns, give its output the type mlflow_on_kedro.MLflowEvaluation."
        )

    def _exists(self) -> bool:
        if is_too_old():
            return False
        store.prepare()
        uri = self.tracking_uri_for(self._given_uri)
        with mlflow_globals.tracking_uri(uri):
            try:
                self._find(uri)
            except DatasetError:
                return False
        return True

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self.dataset}
