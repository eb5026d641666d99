"""``PipelineModelBuilder``: copy what a pipeline model needs, and save it in MLflow's format."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..models.flavors import saving_quietly
from ..models.input_samples import to_numpy_or_pandas
from ..models.signature import inferred
from ..tracking.failures import reason
from ..utils import client_variables
from ..utils.nested import flatten
from ..utils.secrets import is_secret, mask_secrets
from . import pipeline_model
from .contents import Datasets, write_contents
from .external_artifacts import METADATA_KEY
from .project_code import needed_code
from .requirements import expand_files, requirements
from .spec import PipelineModelSpec, existing_path

logger = logging.getLogger(__name__)

LOADER = "kedro_pipeline_model"
"""The module that loads the model; the model's own code contains it."""
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Project:
    """The project that a pipeline belongs to: its root folder and its package, if known."""

    root: Path
    package: str | None


@dataclass(frozen=True)
class PipelineModelBuilder:
    """A copy of the nodes, artifacts and parameters of a model, ready to be saved.

    Attributes:
        spec: The model.
        project: The project that the pipeline belongs to.
        contents: The folder with the copy.
        modules: The top-level modules of its functions, datasets and values.
        parameters: Its parameters, by their names in the catalog.
        source_uris: The URIs of artifacts that other runs or the registry provide, for the model's
            metadata.
    """

    spec: PipelineModelSpec
    project: Project
    contents: Path
    modules: frozenset[str]
    parameters: Mapping[str, Any]
    source_uris: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_datasets(
        cls,
        scratch: Path,
        spec: PipelineModelSpec,
        project: Project,
        datasets: Datasets,
        source_uris: Mapping[str, str] | None = None,
    ) -> PipelineModelBuilder:
        """Copy the nodes, artifacts and parameters of a model.

        Args:
            scratch: A folder to copy to, which must exist as long as the builder is used.
            spec: The model.
            project: The project that the pipeline belongs to.
            datasets: The dataset of each of its artifacts and parameters.
            source_uris: The URIs of artifacts that other runs or the registry provide.

        Raises:
            DatasetError: An artifact cannot be loaded, or cannot be put into a model.
        """
        contents = scratch / "pipeline"
        contents.mkdir()
        modules = frozenset(write_contents(contents, spec, datasets))
        parameters = {name: datasets[name].load() for name in spec.parameters}
        return cls(spec, project, contents, modules, parameters, dict(source_uris or {}))

    def save(self, folder: Path, model_input: Any = None) -> bool:
        """Save a model that MLflow loads and serves without the project.

        Its signature is inferred from ``model_input``, from the pipeline's output for the first
        rows of it, and from the parameters, whose values ``predict`` may change.

        Args:
            folder: The folder to save to; it does not exist or is empty.
            model_input: The value of the inference pipeline's input in training; None: unknown.

        Returns:
            False if the model fails to predict for the first rows of the input.

        Raises:
            ConfigError: A file that the entry names is missing.
        """
        client_variables.set_mlflow_defaults()
        import mlflow.pyfunc

        spec, settings = self.spec, self.spec.settings
        spec.check_files(self.project.root)
        root = self.project.root
        further = [existing_path(root, path, spec.where) for path in settings.code_paths]
        code = needed_code(self.project.package, self.modules)
        sample = _first_rows(model_input)
        predicts, output = (True, None) if sample is None else self._try(sample)
        quietly = saving_quietly({})
        with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), quietly:
            loader = Path(scratch) / f"{LOADER}.py"
            shutil.copyfile(pipeline_model.__file__, loader)
            # MLflow warns that integer columns take no missing values, which holds for the pipeline
            # as well, and that there is no input example, which would be a copy of training data.
            warnings.simplefilter("ignore", UserWarning)
            mlflow.pyfunc.save_model(
                str(folder),
                loader_module=LOADER,
                data_path=str(self.contents),
                code_paths=[str(path) for path in (loader, *code.included, *further)],
                signature=self._signature(model_input, output),
                input_example=sample if settings.input_example else None,
                metadata=self._metadata(),
                **self._environment(code.imported),
            )
        return predicts

    def _try(self, sample: Any) -> tuple[bool, Any]:
        """Return whether the model predicts for a sample, and its output; warn if it fails."""
        spec = self.spec
        try:
            return True, pipeline_model.PipelineModel(self.contents).predict(sample)
        except Exception as error:
            logger.warning(
                "%s: the pipeline '%s' fails on the first rows of '%s', so the model has no "
                "signature for its output%s, and may not work. (%s)",
                spec.where,
                spec.settings.inference,
                spec.settings.input,
                ", is not registered" if spec.registration is not None else "",
                reason(error),
            )
            return False, None

    def _signature(self, model_input: Any, output: Any) -> Any:
        from mlflow.models import ModelSignature, infer_signature

        spec = self.spec
        secrets = [key for key, value in _leaves(self.parameters) if _holds_secret(key, value)]
        if secrets:
            logger.warning(
                "%s: the model holds parameters that look like secrets, and whoever loads it can "
                "read them: %s. Its signature leaves them out. Read them in the node from the "
                "environment; what is no secret needs another name.",
                spec.where,
                ", ".join(secrets),
            )
        flat = pipeline_model.flat_parameters(self.parameters)
        params = {
            **{key: value for key, value in flat.items() if not _holds_secret(key, value)},
            pipeline_model.RUNNER: spec.settings.runner,
        }
        # Not as pandas: MLflow would refuse the table of Polars that the pipeline takes.
        inputs = None if model_input is None else inferred(model_input, "inputs")
        if model_input is not None and inputs is None:
            logger.warning(
                "%s: MLflow has no types for '%s', a %s.%s, so the model's signature leaves it "
                "out: `predict` hands on whatever it is given. A server gives a table of pandas.",
                spec.where,
                spec.settings.input,
                type(model_input).__module__.partition(".")[0],
                type(model_input).__name__,
            )
        outputs = None if output is None else inferred(to_numpy_or_pandas(output), "outputs")
        return ModelSignature(inputs, outputs, infer_signature(params=params).params)

    def _metadata(self) -> dict[str, Any] | None:
        own = {METADATA_KEY: dict(self.source_uris)} if self.source_uris else {}
        return {**own, **self.spec.settings.metadata} or None

    def _environment(self, imported: frozenset[str]) -> dict[str, Any]:
        """Return the arguments of ``save_model`` about what has to be installed for the model."""
        settings, where, root = self.spec.settings, self.spec.where, self.project.root
        if isinstance(settings.conda_env, str):
            return {"conda_env": str(existing_path(root, settings.conda_env, where))}
        if settings.conda_env is not None:
            return {"conda_env": dict(settings.conda_env)}
        asked = settings.pip_requirements
        if asked is not None:
            needed = expand_files(asked, root)
        else:
            own = sorted(self.contents.glob("datasets/*/model/requirements.txt"))
            needed = requirements(root, imported, own)
        return {"pip_requirements": [*needed, *expand_files(settings.extra_pip_requirements, root)]}


def _leaves(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in parameters.items():
        key = "" if name == "parameters" else name.removeprefix("params:")
        yield from flatten(key, value, lists=True)


def _holds_secret(key: str, value: Any) -> bool:
    """Whether a parameter looks like a secret by its name, or has credentials in its texts."""
    texts = value if isinstance(value, list) else [value]
    return is_secret(key, value) or any(
        isinstance(text, str) and mask_secrets(text) != text for text in texts
    )


def _first_rows(value: Any) -> Any:
    try:
        return value[:SAMPLE_ROWS]
    except Exception:  # values of some types have no rows
        return None
