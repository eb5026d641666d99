"""``PendingRegistration``: a model of a run that is to be registered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config.registration import Registration
from ..tracking import capabilities, hidden_tags
from ..tracking.capabilities import Feature
from . import artifact_models
from .logged_models import REGISTER_TAG, output_model_ids

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class PendingRegistration:
    """A model that is to be registered.

    Attributes:
        name: The model's name in its run.
        text: The registration, as text.
        run: MLflow's entity of the run.
        location: The URI of its files.
        model_id: The id of the logged model; None: the model's files are artifacts of the run.
        model: MLflow's entity of the logged model; None: the files are artifacts of the run.
    """

    name: str
    text: str
    run: Any
    location: str
    model_id: str | None = None
    model: Any = None

    @property
    def registered_name(self) -> str:
        """The name of the registered model; the model's own name if the registration is damaged."""
        try:
            return Registration.from_text(self.text).name
        except ValueError:
            return self.name


def pending_registrations(client: MlflowClient, run_id: str) -> list[PendingRegistration]:
    """Find the models of a run that are to be registered, even if they are registered already.

    Args:
        client: A client of the run's store.
        run_id: The run.

    Returns:
        One for each name: of several models with one name the one that was saved last.
    """
    run = client.get_run(run_id)
    found = {
        name: PendingRegistration(name, text, run, f"{run.info.artifact_uri.rstrip('/')}/{name}")
        for name, text in artifact_models.registrations(run).items()
    }
    for model in sorted(_models_of(client, run), key=lambda item: item.creation_timestamp):
        text = hidden_tags.value(model.tags, REGISTER_TAG)
        if text is not None and model.source_run_id == run_id:
            found[model.name] = PendingRegistration(
                model.name, text, run, model.artifact_location, model.model_id, model
            )
    return list(found.values())


def _models_of(client: MlflowClient, run: Any) -> list[Any]:
    ids = output_model_ids(run)
    if ids:
        return _ready(client.get_logged_model(model_id) for model_id in ids)
    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.LOGGED_MODELS):
        return []
    # Servers without model outputs of runs may have models of this run all the same.
    try:
        found = client.search_logged_models(
            [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
        )
    except Exception as error:
        instead = "models that are artifacts of their runs are registered"
        if not capabilities.lacks(
            uri, Feature.LOGGED_MODELS, error, instead, lambda: client.get_run(run.info.run_id)
        ):
            raise
        return []
    return _ready(found)


def _ready(models: Iterable[Any]) -> list[Any]:
    """Leave out models that are not complete: MLflow has refused or not yet received some files."""
    return [model for model in models if model.status == "READY"]
