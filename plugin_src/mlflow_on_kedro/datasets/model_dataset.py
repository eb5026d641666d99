"""``MLflowModelDataset``: a model in MLflow's own format, saved and loaded by its flavor."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.entries import File, Model
from ..journal.snapshot import state_of
from ..models import logged_models, registry
from ..models.arguments import ModelArguments, pop_step
from ..models.flavors import check_flavor
from ..models.mlmodel import MLMODEL
from ..models.saving import saved_model
from ..models.source import ModelSource
from ..tracking import store
from ..utils import client_variables
from ..utils.mlflow_limits import is_model_name
from ..utils.suggestions import did_you_mean
from .arguments import check_uri
from .default_paths import default_filepath
from .model_reader import ModelReader
from .saved_files import SavedValueLoaders
from .tracked import TrackedDataset
from .value_location import ValueLocation

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun


class MLflowModelDataset(TrackedDataset):
    """Saves a model with its MLflow flavor and loads it back.

    The model is saved to a local folder, from which nodes in other processes, later runs and
    notebooks load it without a server, and it becomes a logged model of the run. While MLflow
    cannot be reached, it waits in the run's journal, like everything that a run logs.

    Args:
        flavor: The name of an MLflow flavor: ``sklearn``, ``pyfunc``, ``xgboost``, …; or the path
            of a module that saves and loads models like those: ``my_package.flavors.mine``.
            Default: the flavor for the object's type.
        filepath: The local folder. Default: ``data/mlflow/<dataset name>`` in the project.
        dataset_name: The model's name in MLflow, if ``name`` is not given. Default: the catalog's.
        run_id: Load from this run instead of the local folder; nothing can be saved then.
        tracking_uri: The MLflow to load from with ``run_id`` or ``model_uri``. Default: the
            project's.
        model_uri: Load this instead of the local folder: ``models:/m-…`` (a logged model),
            ``models:/name/version``, ``models:/name@alias``, ``models:/name/latest`` or
            ``runs:/run_id/name``; nothing can be saved then.
        name: The model's name in MLflow.
        signature: The name of the dataset that the model takes as input; or ``inputs``,
            ``outputs`` and ``params``, each the name of a dataset or a schema as in an ``MLmodel``
            file; or a ``ModelSignature``. Default for ``outputs``: the model's predictions.
        input_example: A value, or the name of a dataset, of which the first rows are used.
        registered_model_name: Register the model under this name, once the run has succeeded.
        alias: An alias for the registered version.
        promote: An alias for the registered version, if it is better than the version that has the
            alias: ``{alias: champion, metric: f1, greater_is_better: true}``, with a metric of the
            run.
        tags: Tags of the logged model and of its registered version.
        pyfunc: Load an MLflow ``PyFuncModel`` instead of the native object.
        save_args: Further arguments of the flavor's ``log_model``, such as
            ``extra_pip_requirements``, ``code_paths`` or ``model_type``. Default requirements are
            those of the flavor; MLflow would need seconds to infer them.
        load_args: Arguments for ``load_model``. With ``step``, a number, the model of that step is
            loaded, if a run has several under this name.
        metadata: Any data, which MLflow stores with the model; what is below ``kedro-viz`` is for
            Kedro-Viz alone.

    Raises:
        DatasetError: An argument is invalid. At the first use: MLflow has no such flavor, or the
            flavor's package is not installed.

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
        if name is not None and not is_model_name(name):
            raise DatasetError(f"`name`: MLflow allows none of / : . % \" ' in it: {name!r}")
        self._name = name
        self._pyfunc = pyfunc
        self._load_args = dict(load_args or {})
        self._step = pop_step(self._load_args)
        check_uri("tracking_uri", tracking_uri)
        self._load_from(ModelSource.from_args(run_id, model_uri, self._step), tracking_uri)
        self._arguments = ModelArguments.from_args(
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

    def _load_from(self, source: ModelSource | None, tracking_uri: str | None) -> None:
        self._source = source
        flavor = "pyfunc" if self._pyfunc else self.flavor
        self._reader = ModelReader(self, self._name, source, tracking_uri, flavor, self._load_args)

    @property
    def registers(self) -> bool:
        """Whether the model is registered when it is saved."""
        return self._arguments.registration is not None

    @property
    def loads_pyfunc(self) -> bool:
        """Whether :meth:`load` returns a ``PyFuncModel`` instead of the native object."""
        return self._pyfunc

    @property
    def registered_model(self) -> str | None:
        """The registered model that this is loaded from, or that it becomes a version of."""
        if self._source is not None:
            return self._source.registered
        registration = self._arguments.registration
        return registration.name if registration is not None else None

    def chosen_source(self) -> str | None:
        """Return the URI in MLflow that the user chose to load from; None if there is none."""
        return self._reader.uri_of(self._source) if self._source is not None else None

    def pinned(self) -> MLflowModelDataset:
        """Return the same model, with the version that an alias or `latest` means now.

        Raises:
            DatasetError: The model registry cannot be reached, or it has no such alias.
        """
        return self if self._source is None else self._loading(self._reader.pinned_source())

    def for_run(self, run_id: str, tracking_uri: str, name: str) -> MLflowModelDataset:
        """Return the same model as a run has saved it; a model that the user chose stays the same.

        Args:
            run_id: The run.
            tracking_uri: The tracking URI of the MLflow that has the run.
            name: The dataset's name in the catalog.
        """
        if self._source is not None:
            return self
        return self._loading(ModelSource(run_id, step=self._step), tracking_uri, name)

    def _loading(
        self, source: ModelSource, tracking_uri: str | None = None, name: str | None = None
    ) -> MLflowModelDataset:
        other = copy.copy(self)
        other.dataset_name = self.dataset_name or name
        uri = tracking_uri or self._reader.given_uri
        other._load_from(source, uri)  # noqa: SLF001 - of the same class
        return other

    def check(self) -> None:
        """Raise an error for an unknown flavor or a wrong signature before the pipeline runs."""
        client_variables.set_mlflow_defaults()
        if self.flavor is not None:
            check_flavor(self.flavor)
        if self._arguments.signature is not None:
            self._arguments.signature.check()

    def prepare(
        self, catalog: CatalogProtocol[Any, Any], known: Collection[str], *, is_saved: bool
    ) -> None:
        """Raise an error for a model that cannot be saved, and for unknown names of datasets."""
        if not is_saved:
            return
        self._check_can_save()
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
        self._check_can_save()
        store.prepare()
        folder = self._folder()
        saved = saved_model(folder, data, self.flavor, self._arguments, self._catalog)
        with saved as own:
            state = state_of(own / MLMODEL)
            with self.saving_run() as run:
                if run is not None:
                    self._log(run, own, folder)
        self.record_save(folder / MLMODEL, state)

    def _log(self, run: TrackedRun, own: Path, folder: Path) -> None:
        arguments, tags = self._arguments, dict(self._arguments.tags)
        if arguments.registration is not None:
            tags[logged_models.REGISTER_TAG] = arguments.registration.to_text()
        entry = logged_models.model_entry(
            own, self._reader.name_for_saving(), tags=tags, original=folder, **arguments.logged
        )
        run.log_entry(entry)
        if arguments.registration is not None and run is not self._run:
            # The user started this run, so the plugin does not see its end.
            with run.guard():
                run.flush()
                registry.register_models(run.client, run.run_id, run.uri)

    def _check_can_save(self) -> None:
        if self._source is not None:
            raise DatasetError(
                f"'{self.dataset_name}' loads {self._source}, which is never written: remove "
                "`run_id` and `model_uri` from the dataset that the model is saved to."
            )

    # -- loading -------------------------------------------------------------------------------

    def saved_folder(self) -> Path | None:
        """Return the local folder, if it has the model that :meth:`load` returns."""
        folder = self._folder()
        if self._source is not None or self._step is not None or not folder.exists():
            return None
        other_run = self.run_instead_of(folder / MLMODEL, self._reader.is_in_run)
        return folder if other_run is None else None

    def value_location(self) -> ValueLocation | None:
        """Return where :meth:`load` loads the model from; None for the run in progress."""
        if self._source is not None:
            return self._reader.loaded or ValueLocation(self._reader.uri_of(self._source))
        folder = self.saved_folder()
        return ValueLocation(path=folder) if folder is not None else None

    def load(self) -> Any:
        """Load the model from the local folder, or from its location in MLflow."""
        store.prepare()
        if self._source is not None:
            return self._reader.load(self._source)
        run_id = self.chosen_run()
        if run_id is None and self._step is None:
            path = self._folder() / MLMODEL
            if path.parent.exists() or self.has_saved(path):
                return self.load_saved(path, self._reader.is_in_run, self._loaders())
        run_id = run_id or self.run_to_load_from(self._reader.is_in_run)
        if run_id is None:
            raise DatasetError(
                f"There is no model '{self.dataset_name}' at {self._folder()}, and no run to "
                "load it from: save it first, or give `run_id` or `model_uri`."
            )
        return self._reader.load(ModelSource(run_id, step=self._step))

    def _loaders(self) -> SavedValueLoaders:
        return SavedValueLoaders(
            from_file=lambda: self._reader.load_folder(self._folder()),
            from_run=lambda run_id: self._reader.load(ModelSource(run_id)),
            is_value=self._is_value,
            from_copy=self._reader.load_folder,
        )

    def _is_value(self, entry: File) -> bool:
        return isinstance(entry, Model) and entry.folder == self._reader.name_for_saving()

    # -- names and paths -----------------------------------------------------------------------

    def _folder(self) -> Path:
        if self.filepath is not None:
            folder = Path(self.resolved(self.filepath))
        else:
            folder = self.root / default_filepath(self.key(), "")
        return folder.resolve() if folder.is_symlink() else folder

    def artifact_path(self) -> str | None:
        """Return the usual name among the models of the pipeline's run."""
        return self._reader.usual_name if self._source is None else None

    def unversioned_path(self) -> Path | None:
        """Return the local folder."""
        return self._folder()

    def _exists(self) -> bool:
        if self._source is None:
            return self._folder().exists()
        return self._reader.exists(self._source)

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
