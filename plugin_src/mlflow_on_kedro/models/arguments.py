"""``ModelArguments``: the arguments that decide how a model is saved and logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kedro.io import DatasetError

from ..config.registration import Registration
from .signature import Load, Signature, make_example

# Arguments of `log_model` that `save_model` does not have. They are for the logged model.
_FOR_LOGGED_MODEL = ("model_type", "params", "step")
_IGNORED = frozenset({"await_registration_for"})
# Arguments of `log_model` that the dataset sets -> the dataset's own argument to use instead.
_SET_BY_DATASET = {
    "artifact_path": "name",
    "model_id": None,
    "name": "name",
    "path": "filepath",
    "prompts": None,
    "run_id": None,
}
_VIZ = "kedro-viz"


def pop_step(load_args: dict[str, Any]) -> int | None:
    """Remove ``step`` from ``load_args`` and return it; None if there is none.

    Args:
        load_args: The dataset's argument, which is changed.

    Raises:
        DatasetError: The step is not a whole number.
    """
    step = load_args.pop("step", None)
    if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
        raise DatasetError(f"`load_args`: 'step' must be a whole number: {step!r}")
    return step


@dataclass(frozen=True)
class ModelArguments:
    """The arguments that decide how a model is saved and logged.

    Attributes:
        flavor: Arguments of the flavor's ``save_model``.
        logged: Type, parameters and step of the logged model.
        signature: How the signature is made.
        input_example: An example's value, or the name of a dataset.
        tags: Tags of the logged model and of its registered version.
        registration: How the model is to be registered; None: it is not.
    """

    flavor: Mapping[str, Any] = field(default_factory=dict)
    logged: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None
    input_example: Any = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    registration: Registration | None = None

    @classmethod
    def from_args(
        cls,
        save_args: Mapping[str, Any] | None,
        *,
        alias: str | None,
        promote: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None,
        input_example: Any,
        **given: Any,
    ) -> ModelArguments:
        """Check and sort the arguments of a dataset.

        Args:
            save_args: Arguments of the flavor's ``log_model``.
            alias: The alias that every registered version gets.
            promote: The alias that a registered version gets if its metric is better.
            metadata: Kedro's metadata; all but the part for Kedro-Viz is MLflow's metadata, too.
            input_example: A value, or the name of a dataset.
            **given: ``signature``, ``tags`` and ``registered_model_name``, which may be in
                ``save_args`` as well.

        Raises:
            DatasetError: An argument is given twice, is set by the dataset, or is wrong.
        """
        for argument, value in {"tags": given.get("tags"), "metadata": metadata}.items():
            if not isinstance(value, Mapping | None):
                raise DatasetError(f"`{argument}` must be a mapping: {value!r}")
        rest = dict(save_args or {})
        for argument in _SET_BY_DATASET.keys() & rest.keys():
            instead = _SET_BY_DATASET[argument]
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
            logged={name: rest.pop(name) for name in _FOR_LOGGED_MODEL if name in rest},
            flavor={name: value for name, value in rest.items() if name not in _IGNORED},
            signature=Signature.from_arg(chosen["signature"]),
            input_example=input_example,
            tags=chosen["tags"] or {},
            registration=Registration.from_arguments(
                chosen["registered_model_name"], alias, promote, chosen["tags"]
            ),
        )

    @property
    def datasets(self) -> list[str]:
        """The names of the catalog's datasets that are needed to save the model."""
        named = self.input_example
        return [
            *(self.signature.datasets if self.signature is not None else []),
            *([named] if isinstance(named, str) else []),
        ]

    def for_flavor(self, model: Any, load: Load, name: str) -> dict[str, Any]:
        """Return the arguments of ``save_model`` for a model.

        Args:
            model: The model.
            load: A function that loads a dataset of the catalog.
            name: The model's name, for messages.
        """
        made: dict[str, Any] = {}
        if self.signature is not None:
            signature = self.signature.make(model, load, name)
            if signature is not None:
                made["signature"] = signature
        if self.input_example is not None:
            made["input_example"] = make_example(self.input_example, model, load)
        return {**self.flavor, **made}
