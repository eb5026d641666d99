"""Loads the model of an ``MLflowModelDataset`` from MLflow or from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..mlflow_internals import mlflow_globals
from ..models.flavor_table import saved_flavor
from ..models.flavors import find_flavor
from ..models.lookup import run_has_model
from ..models.source import ModelLocation, ModelSource
from ..tracking import store
from ..tracking.failure_messages import load_message
from ..tracking.failures import is_silent
from ..tracking.group_lookup import first_with
from ..utils.mlflow_limits import model_name, with_digest
from ..utils.secrets import mask_urls
from .value_location import ValueLocation

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .tracked import TrackedDataset

LOADED_TAG = "kedro.loaded_model."
"""On a run, followed by a dataset's name: the URI of the model that was loaded from MLflow."""


class ModelReader:
    """Finds and loads a model.

    Args:
        owner: The model dataset.
        name: The name that the user gave the model.
        source: What the user chose to load, if anything.
        given_uri: The tracking URI that the user gave.
        flavor: The flavor that loads the model; None: the one that has saved it.
        load_args: Arguments for the flavor's ``load_model``.
    """

    def __init__(
        self,
        owner: TrackedDataset,
        name: str | None,
        source: ModelSource | None,
        given_uri: str | None,
        flavor: str | None,
        load_args: Mapping[str, Any],
    ) -> None:
        self._owner = owner
        self._name = name
        self._source = source
        self.given_uri = given_uri
        self._flavor = flavor
        self._load_args = load_args
        self.loaded: ValueLocation | None = None
        """The location of the model that was loaded last, if the user chose what to load."""

    @property
    def usual_name(self) -> str:
        """The usual name of the model in a run."""
        return self._name or model_name(self._owner.key())

    @property
    def _own_name(self) -> str:
        """The model's name in a run in which another model has the usual one."""
        name, catalog_name = model_name(self._owner.name), self._owner.name
        is_free = name != self.usual_name or name == catalog_name
        return name if is_free else with_digest(name, catalog_name)

    def name_for_saving(self) -> str:
        """Return the name to save the model with."""
        run = self._owner.pipeline_run
        has_own = run is not None and self._owner.name in run.pipeline_info.own_folders
        return self._own_name if has_own else self.usual_name

    def load_folder(self, folder: Path) -> Any:
        """Load the model in a local folder."""
        return self._load_uri(str(folder))

    def load(self, source: ModelSource) -> Any:
        """Load a model from MLflow.

        Raises:
            DatasetError: There is no such model, it cannot be loaded, or MLflow cannot be reached.
        """
        client, name = self._client(), self._name_in(source)
        try:
            exact = source.pinned(client)
            try:
                place = exact.location(client, name)
                model = self._load_place(place)
            except Exception as error:
                if not exact.is_of_old_server(client, error):
                    raise
                place = exact.location(client, name)
                model = self._load_place(place)
        except DatasetError:
            raise
        except Exception as error:
            child = None if is_silent(error) else self._in_child_run(client, source)
            if child is not None:
                return self.load(child)
            uri = source.server_uri(client)
            otherwise = (
                f"{source} in MLflow at {mask_urls(uri)} gave no model "
                f"'{self._owner.dataset_name}': {mask_urls(str(error))}"
            )
            raise self._error(uri, error, source, otherwise) from None
        if self._source is not None:
            self._record_loaded(source, exact, place)
        return model

    def pinned_source(self) -> ModelSource:
        """Return the chosen source, with the version that an alias or ``latest`` means now.

        Raises:
            DatasetError: The model registry cannot be reached, or it has no such alias.
        """
        source, client = self._source or ModelSource(), self._client()
        try:
            return source.pinned(client)
        except Exception as error:
            uri = source.server_uri(client)
            otherwise = (
                f"MLflow at {mask_urls(uri)} has no version for {source}, which "
                f"'{self._owner.dataset_name}' is to load: {mask_urls(str(error))}"
            )
            raise self._error(uri, error, source, otherwise) from None

    def _error(
        self, uri: str, error: Exception, source: ModelSource, otherwise: str
    ) -> DatasetError:
        what = f"the model '{self._owner.dataset_name}' ({source})"
        return DatasetError(load_message(uri, error, what, otherwise))

    def uri_of(self, source: ModelSource) -> str:
        """Return the URI of a model."""
        return source.uri_of(self._name_in(source))

    def exists(self, source: ModelSource) -> bool:
        """Whether MLflow has a model."""
        return source.exists(self._client(), self._name_in(source))

    def is_in_run(self, run_id: str) -> bool:
        """Whether a run, or a child run of it, has the model."""
        try:
            self._run_with_model(self._client(), run_id)
        except KeyError:
            return False
        return True

    def _run_with_model(self, client: MlflowClient, run_id: str) -> str:
        """Return the id of the run that has the model: the given one, or a child run of it.

        Raises:
            KeyError: No run has the model.
        """

        def check(run: str, _name: str) -> str:
            if run_has_model(client, run, self._name_in(ModelSource(run))):
                return run
            raise KeyError(run)

        return first_with(client, run_id, self._owner.name, check, KeyError)

    def _in_child_run(self, client: MlflowClient, source: ModelSource) -> ModelSource | None:
        """Return the source in a child run, if the run itself does not have the model."""
        if source.run_id is not None:
            with suppress(Exception):  # the first error is raised
                run_id = self._run_with_model(client, source.run_id)
                return replace(source, run_id=run_id) if run_id != source.run_id else None
        return None

    def _client(self) -> MlflowClient:
        return store.connect(self._owner.tracking_uri_for(self.given_uri))

    def _name_in(self, source: ModelSource) -> str:
        """Return the model's name in a run, in which another model may have the usual one."""
        if source.run_id is None:  # its URI contains the name
            return ""
        with suppress(Exception):  # loading the model raises the error
            own = self._own_name
            if own != self.usual_name and run_has_model(self._client(), source.run_id, own):
                return own
        return self.usual_name

    def _load_place(self, place: ModelLocation) -> Any:
        with mlflow_globals.tracking_uri(place.tracking_uri):
            return self._load_uri(place.uri)

    def _load_uri(self, uri: str) -> Any:
        flavor = self._flavor
        if flavor is None:
            from mlflow.models import Model

            flavor = saved_flavor(Model.load(uri).flavors)
        return find_flavor(flavor).load_model(uri, **self._load_args)

    def _record_loaded(self, source: ModelSource, exact: ModelSource, place: ModelLocation) -> None:
        """Record which model was loaded, also on the run: an alias may mean another one later."""
        owner, run = self._owner, self._owner.pipeline_run
        uri = owner.tracking_uri_for(self.given_uri)
        loaded = ValueLocation(
            place.uri if source.step is not None else self.uri_of(exact),
            tracking_uri=uri if uri != owner.tracking_uri_for(None) else None,
            asked_for=source.uri if exact is not source else None,
            model_id=place.model_id,
            run_id=place.run_id,
        )
        if run is not None and loaded != self.loaded:
            with run.guard():
                run.set_tag(f"{LOADED_TAG}{owner.key()}", loaded.uri)
                run.settle()
        self.loaded = loaded
