"""The parameters that a finished run had, as its files and MLflow have recorded them."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from kedro.io import AbstractDataset

from ..config.sections import Config
from ..journal.long_values import artifact_path_in
from ..journal.values import cut, param_text, parse_param, tag_text
from ..provenance.configuration import parameters_text
from ..runs.kedro_command import RUNTIME_PARAMS_TAG
from ..utils.mlflow_limits import MAX_PARAM_LENGTH
from ..utils.nested import flatten
from ..utils.secrets import MASK, is_secret, without_secrets
from .pipeline_model import RUNNER, ValueDataset, flat_parameters, override

logger = logging.getLogger(__name__)

_BOOLS = {"True": True, "False": False}
_NOT_ALL = "which is not all of its value"
_OTHER_TYPE = "which does not have the type of its value in the project now"


@dataclass(frozen=True)
class RunParameters:
    """What a run says of its parameters, by their dotted names.

    Attributes:
        recorded: Their values in ``kedro/parameters.yml``; empty: the run has no such file.
        logged: Their texts in MLflow.
        given: The names of those that came with the run's command.
        max_length: The longest text that is logged whole.
        read: Returns the text of an artifact; "" if it is not there.
    """

    recorded: Mapping[str, Any] = field(default_factory=dict)
    logged: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    max_length: int = MAX_PARAM_LENGTH
    read: Callable[[str], str] = lambda _: ""

    @classmethod
    def from_run(
        cls,
        run: Any,
        settings: Config,
        recorded: Mapping[str, Any],
        read: Callable[[str], str],
    ) -> RunParameters:
        """Collect them.

        Args:
            run: MLflow's ``Run``.
            settings: The project's configuration, which says how parameters are logged.
            recorded: The content of the run's ``kedro/parameters.yml``.
            read: Returns the text of an artifact of the run; "" if it is not there.
        """
        given, length = _given(run), min(settings.params.max_length, MAX_PARAM_LENGTH)
        texts = {key: param_text(value) for key, value in given.items()}
        # `too_long: tag`, and `catalog.parameters: by_type`
        logged = {key: text for key, text in run.data.tags.items() if len(text) > length}
        if settings.catalog.parameters == "by_type":
            metrics = run.data.metrics.items()
            logged |= {
                key: param_text(int(number) if number.is_integer() else number)
                for key, number in metrics
            }
        logged |= run.data.params
        for key, text in logged.items():
            dotted = key.replace(settings.params.separator, ".")
            whole = parse_param(text)  # a dict with `params.flatten: false`
            below = flatten(dotted, whole) if isinstance(whole, Mapping) else ()
            texts |= {dotted: text, **{name: param_text(value) for name, value in below}}
        leaves = dict(flatten("", recorded)) if recorded else {}
        return cls(leaves, texts, frozenset(given), length, read)


def _given(run: Any) -> dict[str, Any]:
    """Return the runtime parameters of a run, with secrets masked."""
    try:
        given = ast.literal_eval(run.data.tags.get(RUNTIME_PARAMS_TAG, "{}"))
    except (ValueError, SyntaxError):  # the tag's text was cut because it was too long
        return {}
    return dict(flatten("", given)) if isinstance(given, dict) and given else {}


def with_run_params(
    run: RunParameters, parameters: Mapping[str, Any]
) -> dict[str, AbstractDataset[Any, Any]]:
    """Give parameters the values that they had in a run.

    A value that the run has recorded masked, cut or in another form is not used: the parameter
    keeps the project's value, with a warning unless that looks the same.

    Args:
        run: What the run says of its parameters.
        parameters: The project's parameters, by their names in the catalog.
    """
    changed = _recorded(run, parameters) if run.recorded else _logged(run, parameters)
    if RUNNER in changed:  # in `override` that is the runner
        changed[f"params:{RUNNER}"] = changed.pop(RUNNER)
    return {
        name: ValueDataset(item, "assign") for name, item in override(parameters, changed).items()
    }


def _recorded(run: RunParameters, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in ``kedro/parameters.yml`` that are not those of the project."""
    now = {
        key: value
        for name, parameter in parameters.items()
        for key, value in flatten(_key(name), parameter)
    }
    shown = yaml.safe_load(parameters_text(now)) or {}
    changed = {}
    for key, value in now.items():
        if key not in run.recorded:
            other = _in_other_form(run.recorded, key)
            if other is not None:
                _warn(key, run.recorded[other], "which is in another form there", value)
            continue
        before = run.recorded[key]
        is_masked = MASK in str(before)
        if before == shown.get(key) and not (is_masked and key in run.given):
            continue
        if is_masked:
            _warn(key, before, _NOT_ALL, value)
        else:
            changed[key] = before
    return changed


def _key(name: str) -> str:
    return "" if name == "parameters" else name.removeprefix("params:")


def _in_other_form(recorded: Mapping[str, Any], key: str) -> str | None:
    """Return the name of a value that was in place of one, above or below its name."""
    for name, value in recorded.items():
        is_above = key.startswith(f"{name}.") and value != MASK
        if is_above or name.startswith(f"{key}."):
            return name
    return None


def _logged(run: RunParameters, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what MLflow's texts say, with the types that the values have in the project."""
    changed = {}
    for flat, value in flat_parameters(parameters).items():
        key = flat.removeprefix("params:")
        text = run.logged.get(key, param_text(value))
        shown, limits = tag_text(value), {run.max_length, MAX_PARAM_LENGTH}
        path = artifact_path_in(text)
        if path is not None:
            text = run.read(path) or text
        is_cut = text.endswith("...") and len(text) in limits
        is_part = is_cut or MASK in text or artifact_path_in(text) is not None
        is_same = text in {param_text(value), shown} or (is_cut and text == cut(shown, len(text)))
        if is_same and not (MASK in text and key in run.given):
            continue
        try:
            if is_part:
                _warn(key, text, _NOT_ALL, value)
            else:
                changed[key] = _BOOLS[text] if isinstance(value, bool) else _convert(text, value)
        except (KeyError, ValueError):
            _warn(key, text, _OTHER_TYPE, value)
    return changed


def _warn(key: str, before: Any, problem: str, value: Any) -> None:
    logger.warning(
        "The run has the parameter '%s' as %.80r, %s; the model gets the value in the project now, "
        "%.80r.",
        key,
        before,
        problem,
        MASK if is_secret(key, value) else without_secrets(value),
    )


def _convert(text: str, value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError(text)  # noqa: TRY004 - the types of the items are not in the text
    if isinstance(value, str):
        return text
    number = float(text)
    return int(text) if isinstance(value, int) and number.is_integer() else number
