"""``MLflowModelDataset``: a model in MLflow's own format, saved by its flavor's ``log_model``."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from kedro.io import DatasetError

from . import environment, fluent, store
from .flavors import call, find_flavor, missing_package, with_requirements
from .logging_guard import kept_logging
from .origin import Origin
from .secrets import mask_urls
from .tracked import TrackedDataset, default_filepath


class MLflowModelDataset(TrackedDataset):
    """Saves a model with a flavor's ``log_model`` and loads it back.

    The model is also kept in a local folder, as any other dataset of the project, so that nodes in
    other processes, later runs and notebooks find it without a server.

    Args:
        flavor: The name of an MLflow flavor: ``sklearn``, ``pyfunc``, ``xgboost``, …
        filepath: The local folder. Default: ``data/mlflow/<dataset name>`` in the project.
        dataset_name: The model's name in MLflow. Default: the catalog's name.
        run_id: Load from this run instead of the local folder.
        tracking_uri: The MLflow to load from with ``run_id``. Default: the project's.
        pyfunc: Load as an MLflow ``PyFuncModel`` instead of the native object.
        save_args: Arguments for ``log_model`` and ``save_model``, such as ``signature``,
            ``input_example``, ``registered_model_name`` or ``pip_requirements``. Requirements
            default to the flavor's own; MLflow's inference of them takes seconds.
        load_args: Arguments for ``load_model``.
        metadata: Free data for other tools; it is not used here.

    Raises:
        DatasetError: MLflow has no such flavor or the flavor's package is not installed (at the
            first use).

    Example:
        >>> model = MLflowModelDataset(flavor="sklearn", dataset_name="classifier")
    """

    def __init__(
        self,
        flavor: str,
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        run_id: str | None = None,
        tracking_uri: str | None = None,
        *,
        pyfunc: bool = False,
        save_args: dict[str, Any] | None = None,
        load_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self.flavor = flavor
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._run_id = run_id
        self._loading_tracking_uri = tracking_uri
        self._pyfunc = pyfunc
        taken = {"name": "dataset_name", "path": "filepath"}
        for argument in taken.keys() & (save_args or {}).keys():
            raise DatasetError(
                f"save_args: '{argument}' is set by this dataset: give `{taken[argument]}` instead."
            )
        self._save_args = dict(save_args or {})
        self._load_args = dict(load_args or {})

    def check(self) -> None:
        """Find an unknown flavor before the pipeline runs."""
        environment.set_mlflow_defaults()
        self._flavor()

    def save(self, data: Any) -> None:
        """Save the model to the local folder and log it to the run."""
        environment.set_mlflow_defaults()
        flavor = self._flavor()
        try:
            arguments = with_requirements(flavor, data, self._save_args)
            self._save_locally(flavor, data, arguments)
        except ModuleNotFoundError as error:
            raise missing_package(self.flavor, error) from None
        self.note_saved(self._folder())
        with self.saving_run() as run:
            if run is None:
                return
            if run.is_reachable:
                # The model registry is opened here, if the model is to be registered.
                with run.guard(), fluent.attached(run), kept_logging():
                    call(flavor.log_model, self.flavor, data, name=self._logged_name(), **arguments)
                    return
            # Nothing is lost while MLflow does not answer: `runs:/<run>/<name>` loads it later.
            run.log_artifact(self._folder(), self._logged_name())

    def _save_locally(self, flavor: ModuleType, data: Any, arguments: dict[str, Any]) -> None:
        given = {key: value for key, value in arguments.items() if key not in _ONLY_FOR_LOG_MODEL}
        folder = self._folder()
        if folder.exists() and not (folder / "MLmodel").exists():
            raise DatasetError(
                f"{folder} is there already and holds no model, so it is not replaced: give "
                f"'{self.dataset_name}' another `filepath`, a folder of its own."
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The last model stays until the new one is whole.
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            saved = Path(scratch) / folder.name
            call(flavor.save_model, self.flavor, data, path=str(saved), **given)
            if folder.exists():
                shutil.rmtree(folder)
            saved.rename(folder)

    @property
    def loads_pyfunc(self) -> bool:
        """Whether :meth:`load` gives a ``PyFuncModel`` instead of the native object."""
        return self._pyfunc

    def saved_folder(self) -> Path | None:
        """The local folder, if the model that :meth:`load` gives is there."""
        folder = self._folder()
        is_here = self._run_id is None and folder.exists()
        return folder if is_here and self.run_instead_of(folder, self._is_in_run) is None else None

    def origin(self) -> Origin | None:
        """Say where :meth:`load` has the model from; None for the run in progress."""
        folder = self.saved_folder()
        if folder is not None:
            return Origin(path=folder)
        return Origin(f"runs:/{self._run_id}/{self._logged_name()}") if self._run_id else None

    def load(self) -> Any:
        """Load the model from the local folder, or from a run."""
        environment.set_mlflow_defaults()
        folder = self.saved_folder()
        if folder is not None:
            return self._loader().load_model(str(folder), **self._load_args)
        run = self.run()
        opened = run.opened if run is not None else None
        run_id = self._run_id or (opened.run_id if opened is not None else None)
        if run_id is None:
            raise DatasetError(
                f"There is no model '{self.dataset_name}' at {self._folder()}, and no run to load "
                "it from: save it first, or give `run_id`."
            )
        uri = self.loading_uri(self._loading_tracking_uri)
        store.connect(uri)
        with fluent.tracking_uri(uri):
            try:
                model = f"runs:/{run_id}/{self._logged_name()}"
                return self._loader().load_model(model, **self._load_args)
            except Exception as error:
                raise DatasetError(
                    f"Run {run_id} in MLflow at {mask_urls(uri)} gave no model '{self.key()}': "
                    f"{mask_urls(str(error))}"
                ) from None

    def _folder(self) -> Path:
        if self.filepath is not None:
            return Path(self.placed(self.filepath))
        return self.root / default_filepath(self.key(), "")

    def _logged_name(self) -> str:
        return _NOT_IN_MODEL_NAMES.sub("_", self.key())

    def _flavor(self) -> ModuleType:
        return find_flavor(self.flavor)

    def _loader(self) -> ModuleType:
        return find_flavor("pyfunc" if self._pyfunc else self.flavor)

    def _exists(self) -> bool:
        if self._run_id is None:
            return self._folder().exists()
        return self._is_in_run(self._run_id)

    def _is_in_run(self, run_id: str) -> bool:
        client = store.connect(self.loading_uri(self._loading_tracking_uri))
        from mlflow.exceptions import MlflowException

        name = self._logged_name()
        try:
            with fluent.tracking_uri(client.tracking_uri):
                files = client.list_artifacts(run_id, name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        return any(item.path == f"{name}/MLmodel" for item in files)

    def _describe(self) -> dict[str, Any]:
        given = {
            "flavor": self.flavor,
            "filepath": self.filepath,
            "dataset_name": self.dataset_name,
            "run_id": self._run_id,
        }
        return {key: value for key, value in given.items() if value is not None}


_ONLY_FOR_LOG_MODEL = frozenset(
    {
        "registered_model_name",
        "await_registration_for",
        "params",
        "tags",
        "model_type",
        "step",
        "prompts",
    }
)

# As in `mlflow.utils.validation`; dots are in the names of namespaced datasets.
_NOT_IN_MODEL_NAMES = re.compile(r"""[/:.%"']""")
