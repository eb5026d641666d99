"""``MLflowModelDataset``: a model in MLflow's own format, saved and loaded by its flavor."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.entries import File, Model
from ..journal.snapshot import state_of
from ..mlflow_internals import mlflow_globals
from ..models import logged_models, registry
from ..models.arguments import ModelArguments, taken_step
from ..models.finding import in_run
from ..models.flavors import check_flavor, find_flavor
from ..models.kinds import flavor_saved
from ..models.mlmodel import MLMODEL
from ..models.saving import saved_model
from ..models.source import ModelSource, Place
from ..tracking import store
from ..tracking.failures import is_silent
from ..tracking.group_lookup import first_with
from ..tracking.load_failures import load_message
from ..utils import environment
from ..utils.mlflow_limits import is_model_name, model_name, with_digest
from ..utils.secrets import mask_urls
from ..utils.suggestions import did_you_mean
from .arguments import check_uri
from .saved_files import LoadSaved
from .tracked import TrackedDataset, default_filepath
from .value_location import Origin

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun

LOADED_TAG = "kedro.loaded_model."
"""On a run, followed by a dataset's name: the URI of the model that was loaded from MLflow."""


class MLflowModelDataset(TrackedDataset):
    """Saves a model with its MLflow flavor and loads it back.

    The model is in a local folder, as any other dataset of the project, so that nodes in other
    processes, later runs and notebooks find it without a server, and it is a logged model of the
    run. While MLflow does not answer it waits in the run's journal, like all that a run logs.

    Args:
        flavor: The name of an MLflow flavor: ``sklearn``, ``pyfunc``, ``xgboost``, …; or the path
            of a module that saves and loads models like those: ``my_package.flavors.mine``.
            Default: the one for the object's type.
        filepath: The local folder. Default: ``data/mlflow/<dataset name>`` in the project.
        dataset_name: The model's name in MLflow, if ``name`` is not given. Default: the catalog's.
        run_id: Load from this run instead of the local folder; nothing can be saved then.
        tracking_uri: The MLflow to load from with ``run_id`` or ``model_uri``. Default: the
            project's.
        model_uri: Load this instead of the local folder: ``models:/m-…`` (a logged model),
            ``models:/name/version``, ``models:/name@alias``, ``models:/name/latest`` or
            ``runs:/run_id/name``; nothing can be saved then.
        name: The model's name in MLflow.
        signature: The name of the dataset that the model takes; or ``inputs``, ``outputs`` and
            ``params``, each the name of a dataset or a schema as in an ``MLmodel`` file; or a
            ``ModelSignature``. Where ``outputs`` is left out it is what the model predicts.
        input_example: The name of a dataset, of which the first rows are taken, or a value.
        registered_model_name: Register the model under this name, once the run has succeeded.
        alias: An alias for the registered version.
        promote: An alias for it only if it is better than the version that has the alias:
            ``{alias: champion, metric: f1, greater_is_better: true}``, with a metric of the run.
        tags: Tags of the logged model and of its registered version.
        pyfunc: Load as an MLflow ``PyFuncModel`` instead of the native object.
        save_args: Further arguments as of the flavor's ``log_model``, such as
            ``extra_pip_requirements``, ``code_paths`` or ``model_type``. Requirements default to
            the flavor's own; MLflow's inference of them takes seconds.
        load_args: Arguments for ``load_model``. With ``step``, a number, the model of that step is
            loaded, of several that a run has under this name.
        metadata: Free data that is kept with the model in MLflow; what is below ``kedro-viz`` is
            for Kedro-Viz alone.

    Raises:
        DatasetError: An argument makes no sense. At the first use: MLflow has no such flavor, or
            the flavor's package is not installed.

    Example:
        >>> model = MLflowModelDataset(dataset_name="classifier", signature="features")
    """

    def __init__(
        self,
        flavor: str | None = None,
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        run_id: str | None = None,
        tracking_uri: str | None = None,
        *,
        model_uri: str | None = None,
        name: str | None = None,
        signature: Any = None,
        input_example: Any = None,
        registered_model_name: str | None = None,
        alias: str | None = None,
        promote: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        pyfunc: bool = False,
        save_args: dict[str, Any] | None = None,
        load_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.flavor = flavor
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._load_args = dict(load_args or {})
        self._step = taken_step(self._load_args)
        self._source = ModelSource.of(run_id, model_uri, self._step)
        self._loaded: Origin | None = None
        check_uri("tracking_uri", tracking_uri)
        self._loading_tracking_uri = tracking_uri
        if name is not None and not is_model_name(name):
            raise DatasetError(f"`name`: MLflow allows none of / : . % \" ' in it: {name!r}")
        self._name = name
        self._pyfunc = pyfunc
        self._arguments = ModelArguments.of(
            save_args,
            alias=alias,
            promote=promote,
            metadata=metadata,
            input_example=input_example,
            signature=signature,
            tags=tags,
            registered_model_name=registered_model_name,
        )
        self._catalog: CatalogProtocol[Any, Any] | None = None

    @property
    def registers(self) -> bool:
        """Whether what is saved is to be registered."""
        return self._arguments.registration is not None

    @property
    def loads_pyfunc(self) -> bool:
        """Whether :meth:`load` gives a ``PyFuncModel`` instead of the native object."""
        return self._pyfunc

    @property
    def registered_model(self) -> str | None:
        """The registered model that this is loaded from, or that it becomes a version of."""
        if self._source is not None:
            return self._source.registered
        registration = self._arguments.registration
        return registration.name if registration is not None else None

    def chosen_source(self) -> str | None:
        """The URI that this is always loaded from; None: it is the project's own."""
        if self._source is None:
            return None
        return self._source.uri_of(self._name_in(self._source))

    def pinned(self) -> MLflowModelDataset:
        """The same model, but if an alias or `latest` names it, of the version that it means now.

        Raises:
            DatasetError: The model registry cannot be asked, or it has no such alias.
        """
        source = self._source
        if source is None:
            return self
        client = store.connect(self.loading_uri(self._loading_tracking_uri))
        try:
            exact = source.pinned(client)
        except Exception as error:
            uri = source.asked(client)
            said = (
                f"MLflow at {mask_urls(uri)} has no version for {source}, which "
                f"'{self.dataset_name}' is to load: {mask_urls(str(error))}"
            )
            raise DatasetError(load_message(uri, error, self._in_words(source), said)) from None
        other = copy.copy(self)
        vars(other).update(_source=exact, _loaded=None)
        return other

    def of_run(self, run_id: str, tracking_uri: str, name: str) -> MLflowModelDataset:
        """The same model as a run has saved it; what is loaded from elsewhere stays as it is.

        Args:
            run_id: The run.
            tracking_uri: The MLflow that has it.
            name: The dataset's name in the catalog.
        """
        if self._source is not None:
            return self
        other = copy.copy(self)
        vars(other).update(
            dataset_name=self.dataset_name or name,
            _source=ModelSource(run_id, step=self._step),
            _loaded=None,
            _loading_tracking_uri=tracking_uri,
        )
        return other

    def check(self) -> None:
        """Find an unknown flavor or a wrong signature before the pipeline runs."""
        environment.set_mlflow_defaults()
        if self.flavor is not None:
            check_flavor(self.flavor)
        if self._arguments.signature is not None:
            self._arguments.signature.check()

    def prepare(
        self, catalog: CatalogProtocol[Any, Any], known: Collection[str], *, is_saved: bool
    ) -> None:
        """Find what cannot be saved, and names of datasets that are not there."""
        if not is_saved:
            return
        self._refuse_saving()
        for dataset in self._arguments.datasets:
            if dataset not in known and dataset not in catalog:
                raise DatasetError(
                    f"`signature` or `input_example` names the dataset '{dataset}', which is "
                    f"neither in the catalog nor in the pipeline.{did_you_mean(dataset, known)}"
                )
            self._catalog = catalog

    # -- saving --------------------------------------------------------------------------------

    def save(self, data: Any) -> None:
        """Save the model to the local folder and log it to the run."""
        self._refuse_saving()
        store.prepare()
        folder = self._folder()
        saved = saved_model(folder, data, self.flavor, self._arguments, self._catalog)
        with saved as own:
            state = state_of(own / MLMODEL)
            with self.saving_run() as run:
                if run is not None:
                    self._log(run, own, folder)
        self.note_saved(folder / MLMODEL, state)

    def _log(self, run: TrackedRun, own: Path, folder: Path) -> None:
        arguments, tags = self._arguments, dict(self._arguments.tags)
        if arguments.registration is not None:
            tags[logged_models.REGISTER_TAG] = arguments.registration.to_text()
        entry = logged_models.entry_of(
            own, self._name_for_saving(), tags=tags, original=folder, **arguments.logged
        )
        run.log_entry(entry)
        if arguments.registration is not None and run is not self._run:
            # A run of the user's own, whose end nobody here sees.
            with run.guard():
                run.flush()
                registry.register_models(run.client, run.run_id, run.uri)

    def _refuse_saving(self) -> None:
        if self._source is not None:
            raise DatasetError(
                f"'{self.dataset_name}' loads {self._source}, which is never written: take "
                "`run_id` and `model_uri` away from the dataset that the model is saved to."
            )

    # -- loading -------------------------------------------------------------------------------

    def saved_folder(self) -> Path | None:
        """The local folder, if the model that :meth:`load` gives is there."""
        folder = self._folder()
        if self._source is not None or self._step is not None or not folder.exists():
            return None
        mine = self.run_instead_of(folder / MLMODEL, self._is_in_run) is None
        return folder if mine else None

    def origin(self) -> Origin | None:
        """Say where :meth:`load` has the model from; None for the run in progress."""
        if self._source is not None:
            return self._loaded or Origin(self._source.uri_of(self._name_in(self._source)))
        folder = self.saved_folder()
        return Origin(path=folder) if folder is not None else None

    def load(self) -> Any:
        """Load the model from the local folder, or from where it is in MLflow."""
        store.prepare()
        chosen = self.chosen_run() if self._source is None else None
        if chosen is not None:
            return self._load_from(ModelSource(chosen, step=self._step))
        if self._source is None and self._step is None:
            place = self._folder() / MLMODEL
            if place.parent.exists() or self.has_saved(place):
                return self.load_saved(place, self._is_in_run, self._loads)
        source = self._source
        if source is None:
            run = self.run()
            if run is not None:
                run.flush()
            opened = run.opened if run is not None else None
            run_id = self.run_with(opened.run_id if opened else None, self._is_in_run)
            if run_id is None:
                raise DatasetError(
                    f"There is no model '{self.dataset_name}' at {self._folder()}, and no run to "
                    "load it from: save it first, or give `run_id` or `model_uri`."
                )
            source = ModelSource(run_id, step=self._step)
        return self._load_from(source)

    @property
    def _loads(self) -> LoadSaved:
        return LoadSaved(
            from_file=lambda: self._load_folder(self._folder()),
            from_run=lambda run_id: self._load_from(ModelSource(run_id)),
            is_meant=self._is_entry,
            from_copy=self._load_folder,
        )

    def _is_entry(self, entry: File) -> bool:
        return isinstance(entry, Model) and entry.folder == self._name_for_saving()

    def _load_folder(self, folder: Path) -> Any:
        return self._loader(str(folder)).load_model(str(folder), **self._load_args)

    def _load_from(self, source: ModelSource) -> Any:
        uri = self.loading_uri(self._loading_tracking_uri)
        client, name = store.connect(uri), self._name_in(source)
        try:
            exact = source.pinned(client)
            try:
                place = exact.place(client, name)
                model = self._load_at(place)
            except Exception as error:
                if not exact.is_of_old_server(client, error):
                    raise
                place = exact.place(client, name)
                model = self._load_at(place)
        except DatasetError:
            raise
        except Exception as error:
            child = None if is_silent(error) else self._in_child(client, source)
            if child is not None:
                return self._load_from(child)
            asked = source.asked(client)
            said = (
                f"{source} in MLflow at {mask_urls(asked)} gave no model "
                f"'{self.dataset_name}': {mask_urls(str(error))}"
            )
            raise DatasetError(load_message(asked, error, self._in_words(source), said)) from None
        if self._source is not None:
            self._note_loaded(source, exact, place, uri)
        return model

    def _in_words(self, source: ModelSource) -> str:
        return f"the model '{self.dataset_name}' ({source})"

    def _in_child(self, client: MlflowClient, source: ModelSource) -> ModelSource | None:
        """The same of a child run, where the run itself does not have the model."""
        if source.run_id is not None:
            with suppress(Exception):  # what was wrong first is said
                holder = self._holder(client, source.run_id)
                return replace(source, run_id=holder) if holder != source.run_id else None
        return None

    def _note_loaded(
        self, source: ModelSource, exact: ModelSource, place: Place, tracking_uri: str
    ) -> None:
        """Keep which model was loaded, and tell the run: an alias moves from one to another."""
        run = self._run
        is_elsewhere = tracking_uri != self.loading_uri(None)
        loaded = Origin(
            place.uri if source.step is not None else exact.uri_of(self._name_in(exact)),
            tracking_uri=tracking_uri if is_elsewhere else None,
            asked_for=source.uri if exact is not source else None,
            model_id=place.model_id,
        )
        if run is not None and loaded != self._loaded:
            with run.guard():
                run.set_tag(f"{LOADED_TAG}{self.key()}", loaded.uri)
                run.settle()
        self._loaded = loaded

    def _load_at(self, place: Place) -> Any:
        with mlflow_globals.tracking_uri(place.tracking_uri):
            return self._loader(place.uri).load_model(place.uri, **self._load_args)

    def _loader(self, place: str) -> ModuleType:
        if self._pyfunc:
            return find_flavor("pyfunc")
        if self.flavor is not None:
            return find_flavor(self.flavor)
        from mlflow.models import Model

        return find_flavor(flavor_saved(Model.load(place).flavors))

    # -- names and places ----------------------------------------------------------------------

    def _folder(self) -> Path:
        if self.filepath is not None:
            folder = Path(self.placed(self.filepath))
        else:
            folder = self.root / default_filepath(self.key(), "")
        return folder.resolve() if folder.is_symlink() else folder

    def artifact_place(self) -> str | None:
        """The usual name among the models of the pipeline's run."""
        return self._logged_name() if self._source is None else None

    def local_place(self) -> Path | None:
        """The local folder."""
        return self._folder()

    def _name_in(self, source: ModelSource) -> str:
        if source.run_id is None:  # a URI names the model
            return ""
        client = store.connect(self.loading_uri(self._loading_tracking_uri))
        return self._name_in_run(client, source.run_id)

    def _name_in_run(self, client: MlflowClient, run_id: str) -> str:
        """The name that a run has; it may be a run in which several had the usual one."""
        with suppress(Exception):  # the load says what is wrong
            if self._own_name() != self._logged_name() and in_run(client, run_id, self._own_name()):
                return self._own_name()
        return self._logged_name()

    def _name_for_saving(self) -> str:
        is_shared = self._run is not None and self.name in self._run.plan.own_folders
        return self._own_name() if is_shared else self._logged_name()

    def _own_name(self) -> str:
        """The model's name where another one of the run has the usual one."""
        name, usual = model_name(self.name), self._logged_name()
        return name if name != usual or name == self.name else with_digest(name, self.name)

    def _logged_name(self) -> str:
        return self._name or model_name(self.key())

    def _exists(self) -> bool:
        if self._source is None:
            return self._folder().exists()
        client = store.connect(self.loading_uri(self._loading_tracking_uri))
        return self._source.exists(client, self._name_in(self._source))

    def _is_in_run(self, run_id: str) -> bool:
        client = store.connect(self.loading_uri(self._loading_tracking_uri))
        try:
            self._holder(client, run_id)
        except KeyError:
            return False
        return True

    def _holder(self, client: MlflowClient, run_id: str) -> str:
        """The run that has the model: one with an id, or a child run of that.

        Raises:
            KeyError: None has it.
        """

        def holder(one: str, _: str) -> str:
            if in_run(client, one, self._name_in_run(client, one)):
                return one
            raise KeyError(one)

        return first_with(client, run_id, self.name, holder, KeyError)

    def _describe(self) -> dict[str, Any]:
        registration = self._arguments.registration
        given = {
            "flavor": self.flavor,
            "filepath": self.filepath,
            "dataset_name": self.dataset_name,
            "name": self._name,
            "run_id": self._source.run_id if self._source is not None else None,
            "model_uri": self._source.uri if self._source is not None else None,
            "registered_model_name": registration.name if registration is not None else None,
        }
        return {key: value for key, value in given.items() if value is not None}
