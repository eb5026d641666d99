"""Where a model is loaded from: a run, a logged model, or a version in the model registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..tracking import fluent

if TYPE_CHECKING:
    from mlflow import MlflowClient

_FORMS = {
    "model_id": re.compile(r"models:/(?P<model_id>m-[\w\-]+)"),
    "version": re.compile(r"models:/(?P<name>[^/@:]+)/(?P<version>[1-9]\d*)"),
    "alias": re.compile(r"models:/(?P<name>[^/@:]+)@(?P<alias>[\w\-]+)"),
}
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")
_LOGGED = "models:/m-"


@dataclass(frozen=True)
class ModelSource:
    """A model in MLflow that is loaded and never written.

    Attributes:
        run_id: The run that has it, under the dataset's name.
        uri: ``models:/m-…``, ``models:/name/version`` or ``models:/name@alias``.
    """

    run_id: str | None = None
    uri: str | None = None

    @classmethod
    def of(cls, run_id: str | None, uri: str | None) -> ModelSource | None:
        """Check what the user gives.

        Returns:
            The source; None if nothing is given.

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
                "models:/name/version and models:/name@alias. For the model of a run give `run_id`."
            )
        return cls(run_id, uri)

    def __str__(self) -> str:
        return self.uri or f"Run {self.run_id}"

    def resolve(self, client: MlflowClient, name: str) -> str:
        """Name the model's place in terms of its tracking server.

        The registry may be on another server than the one that MLflow takes for it when it loads
        ``models:/name/version``, so it is asked here.

        Args:
            client: A client of the tracking server and the registry.
            name: The name that the model has within a run.

        Raises:
            mlflow.exceptions.MlflowException: There is no such version or alias.
        """
        if self.run_id is not None:
            return f"runs:/{self.run_id}/{name}"
        uri = str(self.uri)
        version, alias = _FORMS["version"].fullmatch(uri), _FORMS["alias"].fullmatch(uri)
        if version is not None:
            found = client.get_model_version(version["name"], version["version"])
        elif alias is not None:
            found = client.get_model_version_by_alias(alias["name"], alias["alias"])
        else:
            return uri
        source = str(found.source)
        if source.startswith(_LOGGED):
            return source
        # What other tools registered may be kept by the registry itself.
        return str(client.get_model_version_download_uri(found.name, found.version))

    def exists(self, client: MlflowClient, name: str) -> bool:
        """Whether MLflow has the model; nothing is downloaded.

        Raises:
            mlflow.exceptions.MlflowException: MLflow cannot be reached.
        """
        from mlflow.exceptions import MlflowException

        try:
            if self.run_id is not None:
                return in_run(client, self.run_id, name)
            uri = self.resolve(client, name)
            if uri.startswith(_LOGGED):
                client.get_logged_model(uri.removeprefix("models:/"))
        except MlflowException as error:
            if _is_missing(error):
                return False
            raise
        return True


def in_run(client: MlflowClient, run_id: str, name: str) -> bool:
    """Whether a run has a model of that name."""
    from mlflow.exceptions import MlflowException

    try:
        with fluent.tracking_uri(client.tracking_uri):
            files = client.list_artifacts(run_id, name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise
    return any(item.path == f"{name}/MLmodel" for item in files)


def _is_missing(error: Exception) -> bool:
    # MLflow calls an alias that is not there an invalid parameter.
    code = getattr(error, "error_code", "")
    return code == "RESOURCE_DOES_NOT_EXIST" or (
        code == "INVALID_PARAMETER_VALUE" and "not found" in str(error)
    )
