"""Which pipelines an entry of ``pipeline_models`` names, and whether they make a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import MemoryDataset, SharedMemoryDataset

from ..config.registration import Registration
from ..config.sections import PipelineModel
from ..datasets.mlflow_dataset import MLflowDataset
from ..errors import ConfigError
from ..journal.values import flatten
from ..tracking.failures import reason
from ..utils.pipeline_info import is_parameter
from ..utils.suggestions import did_you_mean
from .pipeline_model import make_runner
from .registered import find
from .requirements import files_in, written_out
from .training import Training

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


@dataclass(frozen=True)
class Choice:
    """A model that is asked for, with its pipelines.

    Attributes:
        name: The model's name.
        settings: What mlflow.yml says of it.
        where: The entry, for messages.
        training: The training pipeline.
        inference: The inference pipeline.
        output: The inference pipeline's output.
    """

    name: str
    settings: PipelineModel
    where: str
    training: Pipeline
    inference: Pipeline
    output: str

    @property
    def registration(self) -> Registration | None:
        """What is asked of the model registry."""
        asked = self.settings
        return Registration.from_arguments(
            asked.registered_model_name, asked.alias, asked.promote, asked.tags
        )

    @property
    def parameters(self) -> list[str]:
        """The parameters that the inference pipeline asks for."""
        return [name for name in sorted(self.inference.inputs()) if is_parameter(name)]

    @property
    def artifacts(self) -> list[str]:
        """The datasets that the inference pipeline needs beside its input and parameters."""
        free = self.inference.inputs() - {self.settings.input}
        return [name for name in sorted(free) if not is_parameter(name)]

    def trained_by(self, pipeline: Pipeline) -> Training:
        """Say how much of its training a run of a pipeline runs."""
        ran = frozenset(node.name for node in pipeline.nodes)
        return Training(self.training, frozenset(self.artifacts), ran)

    def check_catalog(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Find, before anything runs, what the model could not be made of.

        Raises:
            ConfigError: Something that the inference pipeline needs is not kept.
        """
        for name in self.parameters:
            if name not in catalog:
                key = name.removeprefix("params:")
                raise ConfigError(f"{self.where}: parameters.yml has no '{key}'.")
        for name in self.artifacts:
            if name not in catalog or _is_memory(catalog.get(name)):
                raise ConfigError(
                    f"{self.where}: the pipeline '{self.settings.inference}' needs '{name}', "
                    "which is in memory only, so no model can be made of it. List it in "
                    "catalog.yml with a dataset that is a file, such as "
                    "{type: mlflow_on_kedro.MLflowDataset, dataset: pkl}."
                )

    def check_files(self, root: Path) -> None:
        """Find, before anything runs, files that the model is to have and that are not there.

        Raises:
            ConfigError: One is missing or cannot be read.
        """
        settings = self.settings
        files = list(settings.code_paths)
        given = [settings.pip_requirements, settings.extra_pip_requirements]
        for requirements in given:
            files += files_in(requirements or [])
        if isinstance(settings.conda_env, str):
            files.append(settings.conda_env)
        for path in files:
            existing(root, path, self.where)
        for requirements in given:
            try:
                written_out(requirements or [], root)
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"{self.where}: requirements cannot be read: {reason(error)}"
                ) from None

    def check_secrets(self, secrets: frozenset[str], catalog: CatalogProtocol[Any, Any]) -> None:
        """Refuse what came with the command and looks like a secret: models are handed on.

        Raises:
            ConfigError: The inference pipeline needs it.
        """
        if not secrets:
            return
        for name in self.parameters:
            prefix = "" if name == "parameters" else name.removeprefix("params:")
            held = {key for key, _ in flatten(prefix, catalog[name].load())} & secrets
            if held:
                raise ConfigError(
                    f"{self.where}: the parameter '{min(held)}' came with the command and looks "
                    "like a secret, so it is not put into a model. Read it in the node from the "
                    "environment, or rename it."
                )


def choose(name: str, settings: PipelineModel, where: str) -> Choice:
    """Find the pipelines of an entry, and check that they fit.

    Args:
        name: The model's name.
        settings: The entry.
        where: What to name in messages.

    Raises:
        ConfigError: A pipeline is unknown, the input is none of its inputs, or it has not just one
            output.
    """
    inference = find("inference", settings.inference, where)
    training = find("training", settings.training, where)
    return check(name, settings, where, training, inference)


def check(
    name: str, settings: PipelineModel, where: str, training: Pipeline, inference: Pipeline
) -> Choice:
    """Check that pipelines fit an entry.

    Args:
        name: The model's name.
        settings: The entry.
        where: What to name in messages.
        training: The training pipeline.
        inference: The inference pipeline.

    Raises:
        ConfigError: As :func:`choose`.
    """
    free = sorted(item for item in inference.inputs() if not is_parameter(item))
    if settings.input not in free:
        raise ConfigError(
            f"{where}: '{settings.input}' is no input of the pipeline '{settings.inference}'. "
            f"Its inputs: {', '.join(free) or 'none'}.{did_you_mean(settings.input, free)}"
        )
    outputs = sorted(inference.outputs())
    if len(outputs) != 1:
        raise ConfigError(
            f"{where}: a model returns one value, but the pipeline '{settings.inference}' has "
            f"{len(outputs)} outputs: {', '.join(outputs) or 'none'}. Register a pipeline that "
            "ends in one."
        )
    if isinstance(settings.copy_mode, Mapping):
        _check_copied(settings.copy_mode, inference, where)
    _check_runner(settings.runner, where)
    return Choice(name, settings, where, training, inference, outputs[0])


def existing(root: Path, path: str, where: str) -> Path:
    """The place of a file that mlflow.yml names.

    Raises:
        ConfigError: There is none.
    """
    found = root / path
    if not found.exists():
        raise ConfigError(f"{where}: there is no {path} in {root}.")
    return found


def _check_copied(names: Iterable[str], inference: Pipeline, where: str) -> None:
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
    except Exception as error:  # of a class of the user's, too
        raise ConfigError(f"{where}: {reason(error)}") from None


def _is_memory(dataset: Any) -> bool:
    if isinstance(dataset, MLflowDataset):
        return dataset.dataset is None
    return isinstance(dataset, MemoryDataset | SharedMemoryDataset)
