"""What a pipeline model takes from elsewhere: models and artifacts that another run has made."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from ..datasets.model_dataset import MLflowModelDataset
from ..datasets.tracked import TrackedDataset
from ..inputs.used import used
from .training import listed

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun
    from .spec import Choice

logger = logging.getLogger(__name__)

METADATA_KEY = "kedro.loaded_from"
"""In the metadata of a model: each dataset that is from elsewhere, with its exact URI."""

Datasets = Mapping[str, AbstractDataset[Any, Any]]


def pinned(datasets: Datasets) -> dict[str, AbstractDataset[Any, Any]]:
    """Have models that an alias names loaded as the version that has it now.

    So what is recorded of them is what goes into the model, also if somebody moves the alias.

    Raises:
        DatasetError: The model registry cannot be asked, or it has no such version.
    """
    return {
        name: dataset.pinned() if isinstance(dataset, MLflowModelDataset) else dataset
        for name, dataset in datasets.items()
    }


def loaded_from(choice: Choice, datasets: Datasets) -> dict[str, str]:
    """The URI of each artifact of a model that its dataset takes from a run or the registry.

    Args:
        choice: The model.
        datasets: The catalog's datasets, as :func:`pinned` gives them.
    """
    found = {
        name: dataset.chosen_source()
        for name, dataset in datasets.items()
        if name in choice.artifacts and isinstance(dataset, TrackedDataset)
    }
    return {name: uri for name, uri in found.items() if uri is not None}


def log_inputs(
    run: TrackedRun, choice: Choice, datasets: Datasets, sources: Mapping[str, str]
) -> None:
    """Log what is from elsewhere to the run's "Datasets used"."""
    if not run.config.inputs.enabled:
        return
    for name in sources:
        context = f"pipeline model {choice.name}"
        entry = used(name, datasets[name], None, context=context, root=run.root, max_bytes=0)
        if entry is not None:
            run.log_entry(entry)


def warn_of_earlier_models(
    choice: Choice, catalog: CatalogProtocol[Any, Any], sources: Mapping[str, str]
) -> None:
    """Warn if a model contains an earlier model in place of the one that its run has trained.

    Args:
        choice: The model.
        catalog: The run's catalog.
        sources: What the model takes from elsewhere: see :func:`loaded_from`.
    """
    trained = _trained(choice, catalog)
    unused = {name: item for name, item in trained.items() if name not in choice.artifacts}
    for name, uri in sources.items():
        dataset = catalog.get(name)
        if not isinstance(dataset, MLflowModelDataset):
            continue
        registered = dataset.registered_model
        same = [
            other
            for other, item in unused.items()
            if registered is not None and item.registered_model == registered
        ]
        # Where a model that was trained is in it, others may be meant to come from elsewhere.
        instead = same or (list(unused) if len(unused) == len(trained) else [])
        if instead:
            new = listed(instead)
            logger.warning(
                "%s: the model contains %s, and not '%s', which this run has trained: the pipeline "
                "'%s' takes '%s' (%s). To have the new one in it, let the pipeline take '%s' "
                "instead.",
                choice.where,
                uri,
                new,
                choice.settings.inference,
                name,
                dataset.chosen_source(),
                new,
            )
        elif registered is not None and registered == choice.settings.registered_model_name:
            logger.warning(
                "%s: the model contains %s, an earlier version of the registered model that it "
                "becomes a version of: the pipeline '%s' takes '%s' (%s). If that is not meant, "
                "let the pipeline take what the run trains instead.",
                choice.where,
                uri,
                choice.settings.inference,
                name,
                dataset.chosen_source(),
            )
        else:
            logger.info("%s: the model contains %s, as '%s'.", choice.where, uri, name)


def _trained(choice: Choice, catalog: CatalogProtocol[Any, Any]) -> dict[str, MLflowModelDataset]:
    """The models that the training pipeline saves."""
    saved = sorted(name for name in choice.training.all_outputs() if name in catalog)
    found = {name: catalog.get(name) for name in saved}
    return {name: item for name, item in found.items() if isinstance(item, MLflowModelDataset)}
