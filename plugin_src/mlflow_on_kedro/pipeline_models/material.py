"""What a pipeline model is made of, and the folder in MLflow's own format that becomes of it."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..tracking.failures import reason
from ..utils import environment
from . import pipeline_model
from .code import needed_code
from .contents import Datasets, write_contents
from .requirements import requirements, written_out
from .sources import METADATA_KEY
from .spec import Choice, existing

logger = logging.getLogger(__name__)

LOADER = "kedro_pipeline_model"
"""The module that loads the model; it goes into the model's own code."""
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Project:
    """Whose pipelines they are: the project's root and its package; None: none is known."""

    root: Path
    package: str | None


@dataclass(frozen=True)
class Material:
    """The nodes, artifacts and parameters of a model, as they were at one moment.

    Attributes:
        choice: The model.
        project: Whose it is.
        contents: The folder that holds them.
        modules: The top-level modules of its functions, datasets and values.
        parameters: Its parameters, by their names in the catalog.
        sources: The URIs of artifacts that are from elsewhere, for the model's metadata.
    """

    choice: Choice
    project: Project
    contents: Path
    modules: frozenset[str]
    parameters: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def gather(
        cls,
        scratch: Path,
        choice: Choice,
        project: Project,
        datasets: Datasets,
        sources: Mapping[str, str] | None = None,
    ) -> Material:
        """Copy all that a model needs.

        Args:
            scratch: A folder to copy to, which stays as long as this is used.
            choice: The model.
            project: Whose it is.
            datasets: The dataset of each of its artifacts and parameters.
            sources: The URIs of artifacts that are from elsewhere.

        Raises:
            DatasetError: An artifact cannot be loaded, or cannot be kept in a model.
        """
        contents = scratch / "pipeline"
        contents.mkdir()
        modules = frozenset(write_contents(contents, choice, datasets))
        parameters = {name: datasets[name].load() for name in choice.parameters}
        return cls(choice, project, contents, modules, parameters, dict(sources or {}))

    def save(self, folder: Path, model_input: Any = None) -> bool:
        """Make a model that MLflow loads and serves without the project.

        Its signature is inferred from ``model_input``, from what the pipeline makes of its first
        rows, and from the parameters, which ``predict`` takes other values for.

        Args:
            folder: Where to make it; it is missing or empty.
            model_input: The value of the inference pipeline's input in training; None: there is
                none.

        Returns:
            Whether the model predicts for the input, as far as that could be tried.

        Raises:
            ConfigError: A path that the entry gives is missing.
        """
        environment.set_mlflow_defaults()
        import mlflow.pyfunc

        choice, settings = self.choice, self.choice.settings
        choice.check_files(self.project.root)
        root = self.project.root
        further = [existing(root, path, choice.where) for path in settings.code_paths]
        code = needed_code(self.project.package, self.modules)
        sample = _first_rows(model_input)
        predicts, output = (True, None) if sample is None else self._try(sample)
        with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
            loader = Path(scratch) / f"{LOADER}.py"
            shutil.copyfile(pipeline_model.__file__, loader)
            # That integer columns take no missing values, which holds for the pipeline as well, and
            # that there is no input example, which would put training data into the model.
            warnings.simplefilter("ignore", UserWarning)
            mlflow.pyfunc.save_model(
                str(folder),
                loader_module=LOADER,
                data_path=str(self.contents),
                code_paths=[str(path) for path in (loader, *code.carried, *further)],
                signature=self._signature(model_input, output),
                input_example=sample if settings.input_example else None,
                metadata=self._metadata(),
                **self._environment(code.imported),
            )
        return predicts

    def _try(self, sample: Any) -> tuple[bool, Any]:
        """Whether the model predicts for the first rows, and what; a warning when it fails."""
        choice = self.choice
        try:
            return True, pipeline_model.PipelineModel(self.contents).predict(sample)
        except Exception as error:
            logger.warning(
                "%s: the pipeline '%s' fails on the first rows of '%s', so the model does not tell "
                "what it returns%s, and may not work. (%s)",
                choice.where,
                choice.settings.inference,
                choice.settings.input,
                ", is not registered" if choice.registration is not None else "",
                reason(error),
            )
            return False, None

    def _signature(self, model_input: Any, output: Any) -> Any:
        from mlflow.models import infer_signature

        params = {
            **pipeline_model.single_parameters(self.parameters),
            pipeline_model.RUNNER: self.choice.settings.runner,
        }
        return infer_signature(model_input, output, params)

    def _metadata(self) -> dict[str, Any] | None:
        own = {METADATA_KEY: dict(self.sources)} if self.sources else {}
        return {**own, **self.choice.settings.metadata} or None

    def _environment(self, imported: frozenset[str]) -> dict[str, Any]:
        """What has to be installed for the model, as ``save_model`` takes it."""
        settings, where, root = self.choice.settings, self.choice.where, self.project.root
        if isinstance(settings.conda_env, str):
            return {"conda_env": str(existing(root, settings.conda_env, where))}
        if settings.conda_env is not None:
            return {"conda_env": dict(settings.conda_env)}
        asked = settings.pip_requirements
        if asked is not None:
            needed = written_out(asked, root)
        else:
            own = sorted(self.contents.glob("datasets/*/model/requirements.txt"))
            needed = requirements(root, imported, own)
        return {"pip_requirements": [*needed, *written_out(settings.extra_pip_requirements, root)]}


def _first_rows(value: Any) -> Any:
    try:
        return value[:SAMPLE_ROWS]
    except Exception:  # it has no rows
        return None
