"""``ModelSource``: where a model is loaded from, a run, a logged model or a registered version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..tracking import capabilities
from ..tracking.capabilities import Feature
from ..tracking.downloads import WHOLE_ID
from ..tracking.failures import is_gone, is_unknown_alias
from . import lookup, separate_registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FORMS = {
    "model_id": re.compile(r"models:/(?P<model_id>m-[\w\-]+)"),
    "version": re.compile(r"models:/(?P<name>[^/@:]+)/(?P<version>[1-9]\d*)"),
    "alias": re.compile(r"models:/(?P<name>[^/@:]+)@(?P<alias>[\w\-]+)"),
    # Stages are deprecated, but MLflow's registry still has them.
    "newest": re.compile(
        r"models:/(?P<name>[^/@:]+)/(?P<stage>latest|None|Staging|Production|Archived)",
        re.IGNORECASE,
    ),
    "run": re.compile(r"runs:/(?P<run_id>[A-Za-z0-9][\w\-]*)/(?P<model>[^/@:]+)"),
}
_REGISTERED = ("version", "alias", "newest")
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")
_LOGGED = "models:/m-"
_ON_REGISTRY = (_LOGGED, "mlflow-artifacts:")
"""How the URIs of files start that a registry's server stores itself."""


@dataclass(frozen=True)
class ModelLocation:
    """The exact location of a model.

    Attributes:
        uri: Its URI.
        tracking_uri: The tracking URI of the server that can resolve the model's URI.
        run_id: The run that has logged the model, if that is known without a further request.
    """

    uri: str
    tracking_uri: str
    run_id: str | None = None

    @property
    def model_id(self) -> str | None:
        """The id of the logged model, if the URI is that of one."""
        return self.uri.removeprefix("models:/") if self.uri.startswith(_LOGGED) else None


@dataclass(frozen=True)
class ModelSource:
    """A model in MLflow that a dataset loads and never writes.

    Attributes:
        run_id: The run that has the model, under the dataset's name.
        uri: ``models:/m-…``, ``models:/name/version``, ``models:/name@alias``,
            ``models:/name/latest`` or ``runs:/run_id/name``.
        step: The step at which the run has logged the model; None: the last one.
    """

    run_id: str | None = None
    uri: str | None = None
    step: int | None = None

    @classmethod
    def from_args(
        cls, run_id: str | None, uri: str | None, step: int | None = None
    ) -> ModelSource | None:
        """Check the arguments of a dataset.

        Returns:
            The source; None if neither a run nor a URI is given.

        Raises:
            DatasetError: The URI has none of the known forms, or two sources are given.

        Example:
            >>> ModelSource.from_args(None, "models:/classifier@champion").uri
            'models:/classifier@champion'
        """
        if run_id is None and uri is None:
            return None
        if run_id is not None and uri is not None:
            raise DatasetError("`run_id` and `model_uri` are two places to load from: give one.")
        if run_id is not None and not _RUN_ID.fullmatch(run_id):
            raise DatasetError(f"`run_id`: {run_id!r} is no id of an MLflow run. {WHOLE_ID}")
        if uri is not None and not any(form.fullmatch(uri) for form in _FORMS.values()):
            raise DatasetError(
                f"`model_uri`: {uri!r} is not one of models:/m-… (a logged model), "
                "models:/name/version, models:/name@alias, models:/name/latest and "
                "runs:/run_id/name. For the model of this name in a run give `run_id`."
            )
        if uri is not None and step is not None:
            raise DatasetError(
                "`load_args: step` is of a model in a run: give `run_id` instead of `model_uri`."
            )
        return cls(run_id, uri, step)

    def __str__(self) -> str:
        return self.uri or f"Run {self.run_id}"

    @property
    def registered(self) -> str | None:
        """The name of the registered model; None for other models."""
        forms = (_FORMS[form].fullmatch(self.uri or "") for form in _REGISTERED)
        return next((found["name"] for found in forms if found is not None), None)

    def uri_of(self, name: str) -> str:
        """Return the URI; a model of a run has ``name`` there."""
        return self.uri or f"runs:/{self.run_id}/{name}"

    def pinned(self, client: MlflowClient) -> ModelSource:
        """Replace an alias or ``latest`` by the version that it refers to now.

        Args:
            client: A client of the tracking server and the registry.

        Returns:
            The source of that version; any other source is returned unchanged.

        Raises:
            mlflow.exceptions.MlflowException: There is no such alias or model.
        """
        alias = _FORMS["alias"].fullmatch(self.uri or "")
        newest = _FORMS["newest"].fullmatch(self.uri or "")
        if alias is not None:
            found = client.get_model_version_by_alias(alias["name"], alias["alias"])
        elif newest is not None:
            found = lookup.newest_version(client, newest["name"], newest["stage"].lower())
        else:
            return self
        return ModelSource(uri=f"models:/{found.name}/{found.version}")

    def location(self, client: MlflowClient, name: str) -> ModelLocation:
        """Resolve the exact location of the model.

        For ``models:/name/version`` MLflow may look at another server than the registry, so the
        registry is asked here.

        Args:
            client: A client of the tracking server and the registry.
            name: The name that the model has within a run.

        Raises:
            mlflow.exceptions.MlflowException: There is no such version or alias.
        """
        tracking = client.tracking_uri
        uri = self.pinned(client).uri_of(name)
        if self.step is not None:
            uri = lookup.uri_of_step(client, str(self.run_id), name, self.step)
            return ModelLocation(uri, tracking, self.run_id)
        run = _FORMS["run"].fullmatch(uri)
        if run is not None and not capabilities.has(tracking, Feature.LOGGED_MODELS):
            # MLflow would search for the run's logged models: its first 3.x releases fail then.
            root = client.get_run(run["run_id"]).info.artifact_uri
            return ModelLocation(f"{root}/{run['model']}", tracking, run["run_id"])
        version = _FORMS["version"].fullmatch(uri)
        if version is None:
            return ModelLocation(uri, tracking, run["run_id"] if run is not None else None)
        found = client.get_model_version(version["name"], version["version"])
        source = str(found.source)
        if not source.startswith(_LOGGED):
            # The registry may store the files itself, if another tool has registered the model.
            source = str(client.get_model_version_download_uri(found.name, found.version))
        is_there = separate_registry.is_used(client) and source.startswith(_ON_REGISTRY)
        server = self.server_uri(client) if is_there else tracking
        return ModelLocation(source, server, found.run_id or None)

    def is_of_old_server(self, client: MlflowClient, error: Exception) -> bool:
        """Whether a load has failed because the server has no logged models.

        If so, :meth:`location` returns another location from now on.

        Args:
            client: A client of the tracking server.
            error: The exception of the load.
        """
        run = _FORMS["run"].fullmatch(str(self.uri))
        run_id = run["run_id"] if run is not None else self.run_id
        uri = client.tracking_uri
        if run_id is None or not capabilities.has(uri, Feature.LOGGED_MODELS):
            return False
        instead = "only the artifacts of runs are looked for"
        return capabilities.lacks(
            uri, Feature.LOGGED_MODELS, error, instead, lambda: client.get_run(run_id)
        )

    def server_uri(self, client: MlflowClient) -> str:
        """Return the URI of the server that is asked first: tracking server or model registry."""
        if self.registered is not None and separate_registry.is_used(client):
            import mlflow

            return str(mlflow.get_registry_uri())
        return str(client.tracking_uri)

    def exists(self, client: MlflowClient, name: str) -> bool:
        """Whether MLflow has the model; nothing is downloaded.

        Raises:
            mlflow.exceptions.MlflowException: MLflow cannot be reached.
        """
        from mlflow import MlflowClient

        try:
            location = self.location(client, name)
            of_run = _FORMS["run"].fullmatch(location.uri)
            if of_run is not None:
                return lookup.run_has_model(client, of_run["run_id"], of_run["model"])
            if location.model_id is not None:
                MlflowClient(location.tracking_uri).get_logged_model(location.model_id)
        except Exception as error:
            if is_gone(error) or is_unknown_alias(error):
                return False
            raise
        return True
