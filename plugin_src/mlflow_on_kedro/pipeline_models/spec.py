"""``PipelineModelSpec``: an entry of ``pipeline_models`` in mlflow.yml with its pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import MemoryDataset, SharedMemoryDataset

from ..config.model_entries import PipelineModel
from ..config.registration import Registration
from ..datasets.mlflow_dataset import MLflowDataset
from ..errors import ConfigError
from ..tracking.failures import reason
from ..utils.nested import flatten
from ..utils.pipeline_info import is_parameter
from ..utils.suggestions import did_you_mean
from .pipeline_model import make_runner
from .registered_pipelines import find_pipeline
from .requirements import expand_files, requirement_files
from .training_progress import TrainingProgress

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class PipelineModelSpec:
    """An entry of ``pipeline_models`` together with the pipelines that it names.

    Attributes:
        name: The model's name.
        settings: The entry in mlflow.yml.
        where: How messages name the entry.
        training: The training pipeline.
        inference: The inference pipeline.
        output: The only output of the inference pipeline.
    """

    name: str
    settings: PipelineModel
    where: str
    training: Pipeline
    inference: Pipeline
    output: str

    @classmethod
    def from_registered(cls, name: str, settings: PipelineModel, where: str) -> PipelineModelSpec:
        """Find the entry's pipelines among the registered ones, and check that they fit.

        Args:
            name: The model's name.
            settings: The entry.
            where: How messages name the entry.

        Raises:
            ConfigError: A pipeline is not registered, or :meth:`from_pipelines` raises.
        """
        inference = find_pipeline("inference", settings.inference, where)
        training = find_pipeline("training", settings.training, where)
        return cls.from_pipelines(name, settings, where, training, inference)

    @classmethod
    def from_pipelines(
        cls,
        name: str,
        settings: PipelineModel,
        where: str,
        training: Pipeline,
        inference: Pipeline,
    ) -> PipelineModelSpec:
        """Check that two pipelines fit an entry.

        Args:
            name: The model's name.
            settings: The entry.
            where: How messages name the entry.
            training: The training pipeline.
            inference: The inference pipeline.

        Raises:
            ConfigError: ``input`` is not an input of the inference pipeline, that pipeline does not
                have exactly one output, or a setting does not fit it.
        """
        inputs = sorted(item for item in inference.inputs() if not is_parameter(item))
        if settings.input not in inputs:
            raise ConfigError(
                f"{where}: '{settings.input}' is no input of the pipeline '{settings.inference}'. "
                f"Its inputs: {', '.join(inputs) or 'none'}.{did_you_mean(settings.input, inputs)}"
            )
        outputs = sorted(inference.outputs())
        if len(outputs) != 1:
            raise ConfigError(
                f"{where}: a model returns one value, but the pipeline '{settings.inference}' has "
                f"{len(outputs)} outputs: {', '.join(outputs) or 'none'}. Register a pipeline that "
                "ends in one."
            )
        if isinstance(settings.copy_mode, Mapping):
            _check_copy_mode(settings.copy_mode, inference, where)
        _check_runner(settings.runner, where)
        return cls(name, settings, where, training, inference, outputs[0])

    @property
    def registration(self) -> Registration | None:
        """How the model is to be registered; None: it is not."""
        asked = self.settings
        return Registration.from_arguments(
            asked.registered_model_name, asked.alias, asked.promote, asked.tags
        )

    @property
    def parameters(self) -> list[str]:
        """The parameters among the inputs of the inference pipeline."""
        return [name for name in sorted(self.inference.inputs()) if is_parameter(name)]

    @property
    def artifacts(self) -> list[str]:
        """The inference pipeline's inputs other than the model's input and parameters."""
        inputs = self.inference.inputs() - {self.settings.input}
        return [name for name in sorted(inputs) if not is_parameter(name)]

    def training_progress(self, pipeline: Pipeline) -> TrainingProgress:
        """Return which nodes of the training pipeline a run of ``pipeline`` runs."""
        ran = frozenset(node.name for node in pipeline.nodes)
        return TrainingProgress(self.training, frozenset(self.artifacts), ran)

    def check_catalog(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Check before the pipeline runs that its catalog keeps all that the model needs.

        Raises:
            ConfigError: The catalog lacks an input of the inference pipeline, or holds it in memory
                only.
        """
        for name in self.parameters:
            if name not in catalog:
                key = name.removeprefix("params:")
                raise ConfigError(f"{self.where}: parameters.yml has no '{key}'.")
        for name in self.artifacts:
            if name not in catalog or _is_in_memory(catalog.get(name)):
                raise ConfigError(
                    f"{self.where}: the pipeline '{self.settings.inference}' needs '{name}', "
                    "which is in memory only, so no model can be made of it. List it in "
                    "catalog.yml with a dataset that is a file, such as "
                    "{type: mlflow_on_kedro.MLflowDataset, dataset: pkl}."
                )

    def check_files(self, root: Path) -> None:
        """Check before the pipeline runs that the files which the entry names can be read.

        Args:
            root: The folder to which the entry's paths are relative.

        Raises:
            ConfigError: A file is missing or cannot be read.
        """
        settings = self.settings
        files = list(settings.code_paths)
        given = [settings.pip_requirements, settings.extra_pip_requirements]
        for requirements in given:
            files += requirement_files(requirements or [])
        if isinstance(settings.conda_env, str):
            files.append(settings.conda_env)
        for path in files:
            existing_path(root, path, self.where)
        for requirements in given:
            try:
                expand_files(requirements or [], root)
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{self.where}: requirements cannot be read: {reason(error)}"
                ) from None

    def check_secrets(self, secrets: frozenset[str], catalog: CatalogProtocol[Any, Any]) -> None:
        """Check that no secret from the command line gets into the model, which others may load.

        Args:
            secrets: The keys of runtime parameters that look like secrets.
            catalog: The run's catalog.

        Raises:
            ConfigError: The inference pipeline has one of them among its inputs.
        """
        if not secrets:
            return
        for name in self.parameters:
            prefix = "" if name == "parameters" else name.removeprefix("params:")
            held = {key for key, _ in flatten(prefix, catalog[name].load())} & secrets
            if held:
                raise ConfigError(
                    f"{self.where}: the parameter '{min(held)}' is from the command line and looks "
                    "like a secret, so it is not put into a model. Read it in the node from the "
                    "environment, or rename it."
                )


def existing_path(root: Path, path: str, where: str) -> Path:
    """Return the full path of a file that mlflow.yml names.

    Args:
        root: The folder to which the path is relative.
        path: The path in mlflow.yml.
        where: How messages name the entry.

    Raises:
        ConfigError: The file does not exist.
    """
    found = root / path
    if not found.exists():
        raise ConfigError(f"{where}: there is no {path} in {root}.")
    return found


def _check_copy_mode(names: Iterable[str], inference: Pipeline, where: str) -> None:
    known = sorted(name for name in inference.datasets() if not is_parameter(name))
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{where}: 'copy_mode' names '{name}', which is no dataset of the pipeline. "
                f"It has: {', '.join(known)}.{did_you_mean(name, known)}"
            )


def _check_runner(name: str, where: str) -> None:
    try:
        make_runner(name, name)
    except Exception as error:  # the runner may be a class of the user's
        raise ConfigError(f"{where}: {reason(error)}") from None


def _is_in_memory(dataset: Any) -> bool:
    if isinstance(dataset, MLflowDataset):
        return dataset.dataset is None
    return isinstance(dataset, MemoryDataset | SharedMemoryDataset)
