"""``pipeline_ml_factory``: a training pipeline that knows its inference pipeline, as a model."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kedro.pipeline import Pipeline

_DEFAULT_NAME = "model"
# Arguments of kedro-mlflow -> keys of an entry of `pipeline_models`.
_KEYS = {
    "alias": "alias",
    "code_path": "code_paths",
    "code_paths": "code_paths",
    "conda_env": "conda_env",
    "copy_mode": "copy_mode",
    "extra_pip_requirements": "extra_pip_requirements",
    "metadata": "metadata",
    "pip_requirements": "pip_requirements",
    "registered_model_name": "registered_model_name",
    "runner": "runner",
    "tags": "tags",
}
_NAMES = ("name", "artifact_path", "model_name")
# The signature is always inferred, and a version is waited for as MLflow does by default.
_UNNEEDED = frozenset({"signature", "model_signature", "await_registration_for"})
_OLDER = frozenset({"conda_env", "model_name", "model_signature"})


class PipelineML(Pipeline):
    """A training pipeline with the inference pipeline that becomes a model once it has run.

    A part of it, or the same with tags, has the inference pipeline, too.

    Args:
        training: The training pipeline.
        inference: The inference pipeline.
        input_name: The dataset that the model takes as input.
        kpm_kwargs: How the model runs: ``copy_mode`` and ``runner``.
        log_model_kwargs: How the model is logged.
    """

    def __init__(
        self,
        training: Pipeline,
        inference: Pipeline,
        input_name: str,
        kpm_kwargs: Mapping[str, Any] | None = None,
        log_model_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(training.nodes)
        self.inference = inference
        self.input_name = input_name
        self.kpm_kwargs = dict(kpm_kwargs or {})
        self.log_model_kwargs = dict(log_model_kwargs or {})


def _keeping_inference(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method of Kedro's pipelines return a training pipeline."""

    @functools.wraps(method)
    def call(self: PipelineML, *given: Any, **named: Any) -> Any:
        found = method(self, *given, **named)
        if not isinstance(found, Pipeline):  # NotImplemented
            return found
        return PipelineML(
            found, self.inference, self.input_name, self.kpm_kwargs, self.log_model_kwargs
        )

    return call


for _name in (
    *("only_nodes", "only_nodes_with_namespaces", "only_nodes_with_tags", "tag", "filter"),
    *("only_nodes_with_inputs", "only_nodes_with_outputs", "from_inputs", "to_outputs"),
    *("from_nodes", "to_nodes", "__and__", "__sub__"),
):
    setattr(PipelineML, _name, _keeping_inference(getattr(Pipeline, _name)))


def pipeline_ml_factory(
    training: Pipeline,
    inference: Pipeline,
    input_name: str | None = None,
    kpm_kwargs: Mapping[str, Any] | None = None,
    log_model_kwargs: Mapping[str, Any] | None = None,
    **older: Any,
) -> PipelineML:
    """Make kedro-mlflow's training pipeline, whose inference pipeline is logged as a model.

    In a new project, ``pipeline_models`` in mlflow.yml does the same for plain pipelines.

    Args:
        training: The training pipeline, which saves all that the inference needs.
        inference: The inference pipeline, with one output.
        input_name: The dataset that the model takes as input.
        kpm_kwargs: How the model runs: ``copy_mode`` and ``runner``.
        log_model_kwargs: Arguments of ``mlflow.pyfunc.log_model``, such as ``name`` or
            ``registered_model_name``.
        older: ``model_name``, ``conda_env`` and ``model_signature``, as before kedro-mlflow 0.8.

    Returns:
        The training pipeline, to be registered in pipeline_registry.py.

    Raises:
        ValueError: ``input_name`` is no input of the inference pipeline.
        TypeError: There is no such argument.

    Example:
        >>> from kedro.pipeline import node, pipeline
        >>> training = pipeline([node(max, "wines", "model", name="train")])
        >>> inference = pipeline([node(min, ["model", "new"], "best", name="predict")])
        >>> pipeline_ml_factory(training, inference, "new").input_name
        'new'
    """
    unknown = sorted(older.keys() - _OLDER)
    if unknown:
        raise TypeError(f"pipeline_ml_factory has no argument '{unknown[0]}'.")
    inputs = sorted(inference.inputs())
    if input_name not in inputs:
        raise ValueError(
            f"pipeline_ml_factory: input_name={input_name!r} is no input of the inference "
            f"pipeline. Its inputs: {', '.join(inputs)}."
        )
    arguments = {**older, **(log_model_kwargs or {})}
    return PipelineML(training, inference, input_name, kpm_kwargs, arguments)


@dataclass(frozen=True)
class ModelEntry:
    """What a training pipeline of kedro-mlflow says, as an entry of ``pipeline_models``.

    Attributes:
        name: The model's name.
        entry: The entry, without the names of the pipelines.
        unknown: Arguments that have no key there.
    """

    name: str
    entry: dict[str, Any]
    unknown: list[str]


def model_entry(pipeline: Any) -> ModelEntry | None:
    """Read a training pipeline of kedro-mlflow; None for any other pipeline.

    Args:
        pipeline: A registered pipeline, also one that kedro-mlflow itself has made.
    """
    given = getattr(pipeline, "log_model_kwargs", None)
    if given is None or not hasattr(pipeline, "inference"):
        return None
    arguments = {**pipeline.kpm_kwargs, **given}
    names = [arguments.pop(name, None) for name in _NAMES]
    entry: dict[str, Any] = {"input": pipeline.input_name}
    if arguments.pop("input_example", None) is not None:
        entry["input_example"] = True
    runner = arguments.get("runner")
    if runner is not None and not isinstance(runner, str):
        arguments["runner"] = (runner if inspect.isclass(runner) else type(runner)).__name__
    unknown = sorted(arguments.keys() - _KEYS.keys() - _UNNEEDED)
    entry |= {
        _KEYS[key]: value for key, value in arguments.items() if key in _KEYS and value is not None
    }
    return ModelEntry(next(filter(None, names), _DEFAULT_NAME), entry, unknown)
