"""External artifacts of a pipeline model: those that other runs or the registry provide."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from ..datasets.model_dataset import MLflowModelDataset
from ..datasets.tracked import TrackedDataset
from ..inputs.used import used
from .contents import Datasets
from .training_progress import short_list

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun
    from .spec import PipelineModelSpec

logger = logging.getLogger(__name__)

METADATA_KEY = "kedro.loaded_from"
"""The key in a model's metadata of a mapping: the name of each external artifact -> its URI."""


def pin_versions(datasets: Datasets) -> dict[str, AbstractDataset[Any, Any]]:
    """Replace aliases of registered models by the versions that have them now.

    So the recorded version is the one in the pipeline model, even if somebody moves the alias.

    Raises:
        DatasetError: The model registry cannot be reached, or it has no such version.
    """
    return {
        name: dataset.pinned() if isinstance(dataset, MLflowModelDataset) else dataset
        for name, dataset in datasets.items()
    }


def source_uris(spec: PipelineModelSpec, datasets: Datasets) -> dict[str, str]:
    """Return the URI of each artifact that its dataset loads from a run or the registry.

    Args:
        spec: The model.
        datasets: The catalog's datasets, as :func:`pin_versions` returns them.
    """
    found = {
        name: dataset.chosen_source()
        for name, dataset in datasets.items()
        if name in spec.artifacts and isinstance(dataset, TrackedDataset)
    }
    return {name: uri for name, uri in found.items() if uri is not None}


def log_inputs(
    run: TrackedRun, spec: PipelineModelSpec, datasets: Datasets, source_uris: Mapping[str, str]
) -> None:
    """Log the external artifacts to the run's "Datasets used"."""
    if not run.config.inputs.enabled:
        return
    for name in source_uris:
        context = f"pipeline model {spec.name}"
        entry = used(name, datasets[name], None, context=context, root=run.root, max_bytes=0)
        if entry is not None:
            run.log_entry(entry)


def warn_about_earlier_models(
    spec: PipelineModelSpec, catalog: CatalogProtocol[Any, Any], source_uris: Mapping[str, str]
) -> None:
    """Warn if a pipeline model contains an earlier model instead of the one that the run trained.

    Args:
        spec: The pipeline model.
        catalog: The run's catalog.
        source_uris: The result of :func:`source_uris`.
    """
    trained = _trained(spec, catalog)
    unused = {name: item for name, item in trained.items() if name not in spec.artifacts}
    for name, uri in source_uris.items():
        dataset = catalog.get(name)
        if not isinstance(dataset, MLflowModelDataset):
            continue
        registered = dataset.registered_model
        same = [
            other
            for other, item in unused.items()
            if registered is not None and item.registered_model == registered
        ]
        # If it contains one of the trained models, the others may be external on purpose.
        instead = same or (list(unused) if len(unused) == len(trained) else [])
        if instead:
            new = short_list(instead)
            logger.warning(
                "%s: the model contains %s, and not '%s', which this run has trained: the pipeline "
                "'%s' takes '%s' (%s). To have the new one in it, let the pipeline take '%s' "
                "instead.",
                spec.where,
                uri,
                new,
                spec.settings.inference,
                name,
                dataset.chosen_source(),
                new,
            )
        elif registered is not None and registered == spec.settings.registered_model_name:
            logger.warning(
                "%s: the model contains %s, an earlier version of the registered model that it "
                "becomes a version of: the pipeline '%s' takes '%s' (%s). If that is not meant, "
                "let the pipeline take what the run trains instead.",
                spec.where,
                uri,
                spec.settings.inference,
                name,
                dataset.chosen_source(),
            )
        else:
            logger.info("%s: the model contains %s, as '%s'.", spec.where, uri, name)


def _trained(
    spec: PipelineModelSpec, catalog: CatalogProtocol[Any, Any]
) -> dict[str, MLflowModelDataset]:
    """Return the datasets of the models that the training pipeline saves."""
    saved = sorted(name for name in spec.training.all_outputs() if name in catalog)
    found = {name: catalog.get(name) for name in saved}
    return {name: item for name, item in found.items() if isinstance(item, MLflowModelDataset)}
