"""What a user says of how a model is saved: for the flavor, for MLflow's logged model, for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kedro.io import DatasetError

from ..config.registration import Registration
from .signature import Load, Signature, example_of

# `log_model` takes these beside what `save_model` takes; this dataset logs by itself.
_OF_LOGGED_MODELS = ("model_type", "params", "step")
_IGNORED = frozenset({"await_registration_for"})
_ELSEWHERE = {
    "artifact_path": "name",
    "model_id": None,
    "name": "name",
    "path": "filepath",
    "prompts": None,
    "run_id": None,
}
_VIZ = "kedro-viz"


def taken_step(load_args: dict[str, Any]) -> int | None:
    """Take the step at which a model was logged out of ``load_args``; None if there is none.

    Args:
        load_args: What the user gives; it is changed.

    Raises:
        DatasetError: It is no step.
    """
    step = load_args.pop("step", None)
    if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
        raise DatasetError(f"`load_args`: 'step' must be a whole number: {step!r}")
    return step


@dataclass(frozen=True)
class ModelArguments:
    """How a model is saved.

    Attributes:
        flavor: For the flavor's ``save_model``.
        logged: Type, parameters and step of the logged model.
        signature: The signature to make.
        input_example: An example's value, or the name of a dataset.
        tags: Of the logged model and of its version.
        registration: What is asked of the model registry.
    """

    flavor: Mapping[str, Any] = field(default_factory=dict)
    logged: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None
    input_example: Any = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    registration: Registration | None = None

    @classmethod
    def of(
        cls,
        save_args: Mapping[str, Any] | None,
        *,
        alias: str | None,
        promote: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None,
        input_example: Any,
        **given: Any,
    ) -> ModelArguments:
        """Check and sort what the user gives.

        Args:
            save_args: Arguments as of the flavor's ``log_model``.
            alias: For the registry, as is ``promote``.
            promote: When another alias goes to the model.
            metadata: Kedro's metadata; MLflow's too, but for what is meant for Kedro-Viz.
            input_example: A value, or the name of a dataset.
            **given: ``signature``, ``tags`` and ``registered_model_name``, which may be in
                ``save_args`` as well.

        Raises:
            DatasetError: An argument is given twice, is set by the dataset, or makes no sense.
        """
        for argument, value in {"tags": given.get("tags"), "metadata": metadata}.items():
            if not isinstance(value, Mapping | None):
                raise DatasetError(f"`{argument}` must be a mapping: {value!r}")
        rest = dict(save_args or {})
        for argument in _ELSEWHERE.keys() & rest.keys():
            instead = _ELSEWHERE[argument]
            advice = f"give `{instead}` instead" if instead else "leave it out"
            raise DatasetError(f"save_args: '{argument}' is set by this dataset: {advice}.")
        for argument, value in {**given, "input_example": input_example}.items():
            if value is not None and argument in rest:
                raise DatasetError(f"`{argument}` is given here and in `save_args`: give one.")
        chosen = {name: rest.pop(name, None) if x is None else x for name, x in given.items()}
        if metadata is not None and "metadata" not in rest:
            own = {key: value for key, value in metadata.items() if key != _VIZ}
            rest |= {"metadata": own} if own else {}
        return cls(
            logged={name: rest.pop(name) for name in _OF_LOGGED_MODELS if name in rest},
            flavor={name: value for name, value in rest.items() if name not in _IGNORED},
            signature=Signature.of(chosen["signature"]),
            input_example=input_example,
            tags=chosen["tags"] or {},
            registration=Registration.from_arguments(
                chosen["registered_model_name"], alias, promote, chosen["tags"]
            ),
        )

    @property
    def datasets(self) -> list[str]:
        """The names of the catalog's datasets that saving needs."""
        named = self.input_example
        return [
            *(self.signature.datasets if self.signature is not None else []),
            *([named] if isinstance(named, str) else []),
        ]

    def for_flavor(self, model: Any, load: Load, name: str) -> dict[str, Any]:
        """The arguments of ``save_model`` for a model.

        Args:
            model: The model.
            load: Loads a dataset of the catalog.
            name: The model's name, for messages.
        """
        made: dict[str, Any] = {}
        if self.signature is not None:
            signature = self.signature.make(model, load, name)
            if signature is not None:
                made["signature"] = signature
        if self.input_example is not None:
            made["input_example"] = example_of(self.input_example, model, load)
        return {**self.flavor, **made}
