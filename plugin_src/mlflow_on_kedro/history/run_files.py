"""The models and files of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..models.logged_models import output_model_ids
from ..tracking import artifact_list, capabilities
from ..tracking.capabilities import Feature

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.artifact_list import ListedFile

_MOST_MODELS = 20


@dataclass(frozen=True)
class RunFiles:
    """What a run has in the artifact store.

    Attributes:
        models: The names of its models, each with MLflow's id.
        files: Its files, without those of models.
        is_all: Whether these are all.
    """

    models: dict[str, str]
    files: list[ListedFile]
    is_all: bool = True

    @classmethod
    def from_run(cls, client: MlflowClient, run: Any) -> RunFiles:
        """Read them from MLflow; the newest of several models of a name counts.

        Args:
            client: A client of the run's store.
            run: MLflow's entity.

        Raises:
            Exception: MLflow or its artifact store cannot be reached.
        """
        models: dict[str, str] = {}
        if capabilities.has(client.tracking_uri, Feature.LOGGED_MODELS):
            ids = output_model_ids(run)[:_MOST_MODELS]
            logged = [client.get_logged_model(model_id) for model_id in ids]
            for model in sorted(logged, key=lambda model: model.creation_timestamp):
                models[str(model.name)] = str(model.model_id)
        files, is_all = artifact_list.list_files(client, run.info.run_id, but=models)
        return cls(models, files, is_all)
