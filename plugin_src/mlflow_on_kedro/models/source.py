"""Where a model is loaded from: a run, a logged model, or a version in the model registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..tracking import capabilities
from ..tracking.capabilities import Feature
from ..tracking.failures import is_gone, is_unknown_alias
from . import finding, other_server

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FORMS = {
    "model_id": re.compile(r"models:/(?P<model_id>m-[\w\-]+)"),
    "version": re.compile(r"models:/(?P<name>[^/@:]+)/(?P<version>[1-9]\d*)"),
    "alias": re.compile(r"models:/(?P<name>[^/@:]+)@(?P<alias>[\w\-]+)"),
    # Stages are MLflow's older way, which its registry still has.
    "newest": re.compile(
        r"models:/(?P<name>[^/@:]+)/(?P<stage>latest|None|Staging|Production|Archived)",
        re.IGNORECASE,
    ),
    "run": re.compile(r"runs:/(?P<run_id>[A-Za-z0-9][\w\-]*)/(?P<model>[^/@:]+)"),
}
_REGISTERED = ("version", "alias", "newest")
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")
_LOGGED = "models:/m-"
_OF_THE_SERVER = (_LOGGED, "mlflow-artifacts:")
"""How a registry's server names what it keeps itself."""


@dataclass(frozen=True)
class Place:
    """Where a model is loaded from.

    Attributes:
        uri: Its URI.
        tracking_uri: The MLflow in which the URI means that model.
    """

    uri: str
    tracking_uri: str

    @property
    def model_id(self) -> str | None:
        """The id of the logged model, if the URI is that of one."""
        return self.uri.removeprefix("models:/") if self.uri.startswith(_LOGGED) else None


@dataclass(frozen=True)
class ModelSource:
    """A model in MLflow that is loaded and never written.

    Attributes:
        run_id: The run that has it, under the dataset's name.
        uri: ``models:/m-…``, ``models:/name/version``, ``models:/name@alias``,
            ``models:/name/latest`` or ``runs:/run_id/name``.
        step: Of several models that the run has under the name, the one of this step; None: the
            last.
    """

    run_id: str | None = None
    uri: str | None = None
    step: int | None = None

    @classmethod
    def of(cls, run_id: str | None, uri: str | None, step: int | None = None) -> ModelSource | None:
        """Check what the user gives.

        Returns:
            The source; None if neither a run nor a URI is given.

        Raises:
            DatasetError: It is none of the forms, or two sources are given.

        Example:
            >>> ModelSource.of(None, "models:/classifier@champion").uri
            'models:/classifier@champion'
        """
        if run_id is None and uri is None:
            return None
        if run_id is not None and uri is not None:
            raise DatasetError("`run_id` and `model_uri` are two places to load from: give one.")
        if run_id is not None and not _RUN_ID.fullmatch(run_id):
            raise DatasetError(f"`run_id`: {run_id!r} is no id of an MLflow run.")
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
        """The name of the registered model; None for a model of a run."""
        forms = (_FORMS[form].fullmatch(self.uri or "") for form in _REGISTERED)
        return next((found["name"] for found in forms if found is not None), None)

    def uri_of(self, name: str) -> str:
        """The URI, also of a model of a run; ``name`` is the name that it has there."""
        return self.uri or f"runs:/{self.run_id}/{name}"

    def pinned(self, client: MlflowClient) -> ModelSource:
        """Name the version that an alias or ``latest`` stands for now, as they move.

        Args:
            client: A client of the tracking server and the registry.

        Returns:
            The version; of any other source itself.

        Raises:
            mlflow.exceptions.MlflowException: There is no such alias or model.
        """
        alias = _FORMS["alias"].fullmatch(self.uri or "")
        newest = _FORMS["newest"].fullmatch(self.uri or "")
        if alias is not None:
            found = client.get_model_version_by_alias(alias["name"], alias["alias"])
        elif newest is not None:
            found = finding.newest_version(client, newest["name"], newest["stage"].lower())
        else:
            return self
        return ModelSource(uri=f"models:/{found.name}/{found.version}")

    def place(self, client: MlflowClient, name: str) -> Place:
        """Name the model's place in terms of one server.

        The registry may be on another server than the one that MLflow takes for it when it loads
        ``models:/name/version``, so it is asked here.

        Args:
            client: A client of the tracking server and the registry.
            name: The name that the model has within a run.

        Raises:
            mlflow.exceptions.MlflowException: There is no such version or alias.
        """
        tracking = client.tracking_uri
        uri = self.pinned(client).uri_of(name)
        if self.step is not None:
            return Place(finding.uri_of_step(client, str(self.run_id), name, self.step), tracking)
        run = _FORMS["run"].fullmatch(uri)
        if run is not None and not capabilities.has(tracking, Feature.LOGGED_MODELS):
            # MLflow would ask for the run's logged models, and its first 3.x fail then.
            root = client.get_run(run["run_id"]).info.artifact_uri
            return Place(f"{root}/{run['model']}", tracking)
        version = _FORMS["version"].fullmatch(uri)
        if version is None:
            return Place(uri, tracking)
        found = client.get_model_version(version["name"], version["version"])
        source = str(found.source)
        if not source.startswith(_LOGGED):
            # What other tools registered may be kept by the registry itself.
            source = str(client.get_model_version_download_uri(found.name, found.version))
        is_there = other_server.is_asked(client) and source.startswith(_OF_THE_SERVER)
        return Place(source, self.asked(client) if is_there else tracking)

    def is_of_old_server(self, client: MlflowClient, error: Exception) -> bool:
        """Whether a load has failed because the server has no logged models.

        Then :meth:`place` names another place.

        Args:
            client: A client of the tracking server.
            error: What the load has raised.
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

    def asked(self, client: MlflowClient) -> str:
        """The URI of who is asked first: the tracking server, or the model registry."""
        if self.registered is not None and other_server.is_asked(client):
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
            place = self.place(client, name)
            of_run = _FORMS["run"].fullmatch(place.uri)
            if of_run is not None:
                return finding.in_run(client, of_run["run_id"], of_run["model"])
            if place.model_id is not None:
                MlflowClient(place.tracking_uri).get_logged_model(place.model_id)
        except Exception as error:
            if is_gone(error) or is_unknown_alias(error):
                return False
            raise
        return True
