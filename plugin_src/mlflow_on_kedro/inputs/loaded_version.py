"""Which version of a dataset was loaded, where the catalog's entry may mean another one later."""

from __future__ import annotations

from typing import Any

from kedro.io import AbstractDataset, AbstractVersionedDataset

from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.prompt_dataset import MLflowPromptDataset
from ..datasets.tracked import TrackedDataset
from ..datasets.value_location import ValueLocation
from ..utils import kedro_internals
from ..utils.secrets import mask_urls


def loaded_version(dataset: AbstractDataset[Any, Any]) -> dict[str, str] | None:
    """Return which version of a dataset was loaded.

    Args:
        dataset: Any dataset, after it was loaded in this process.

    Returns:
        ``version`` for a versioned dataset of Kedro; for what the user chose to load from MLflow
        its ``uri``, with ``asked_for``, ``run_id``, ``model_id`` and ``tracking_uri`` if they are
        known and differ. None for other datasets.
    """
    dataset = kedro_internals.unwrapped(dataset)
    location: Any = dataset
    if isinstance(dataset, TrackedDataset):
        # Other models would ask MLflow which run has saved the local folder.
        is_chosen = dataset.chosen_source() is not None
        is_value = isinstance(dataset, MLflowDataset | MLflowPromptDataset)
        location = dataset.value_location() if is_chosen or is_value else None
    if isinstance(location, AbstractVersionedDataset):
        version = location.resolve_load_version()  # found before, when it was loaded
        return {"version": version} if version else None
    return _in_mlflow(location) if isinstance(location, ValueLocation) else None


def _in_mlflow(location: ValueLocation) -> dict[str, str] | None:
    if location.uri is None:
        return None
    known = {
        "uri": location.uri,
        "asked_for": location.asked_for,
        "run_id": location.run_id,
        "model_id": location.model_id,
        "tracking_uri": location.tracking_uri,
    }
    return {key: mask_urls(value) for key, value in known.items() if value}
