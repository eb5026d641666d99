"""The ``kedro run`` command that repeats a run, and what Kedro's run params have of it."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ..config.command_texts import as_typed
from ..config.sections import RUNTIME_SECTION
from ..utils.nested import flatten
from ..utils.secrets import is_secret, looks_secret, mask_urls, without_secrets

# Keys of mlflow.yml that look like secrets, but only name something.
_NAMES_ONLY = frozenset({"mlflow.run.key", "mlflow.tracking.credentials"})
_OBJECT = re.compile(r"^<(?P<path>[\w.]+) object at 0x[0-9a-fA-F]+>$")

# Kedro's run params and the option of `kedro run` for each
# (https://docs.kedro.org/en/stable/getting-started/commands_reference/#kedro-run).
_OPTIONS = {
    "env": "--env",
    "pipeline_name": "--pipeline",
    "pipeline_names": "--pipelines",
    "tags": "--tags",
    "node_names": "--nodes",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "load_versions": "--load-versions",
    "namespaces": "--namespaces",
}


RUNTIME_PARAMS_TAG = "kedro.runtime_params"
"""The parameters from the command line, including those that no node reads."""


def kedro_command(
    run_params: Mapping[str, Any], cli_params: Mapping[str, Any] | None = None
) -> str:
    """Write the shell command that repeats a run.

    Values of parameters whose names look like secrets are replaced by ``***``.

    Args:
        run_params: The run params of Kedro's ``before_pipeline_run``.
        cli_params: The parameters of the ``kedro run`` command, if that started the run; only they
            have ``--async``, ``--conf-source`` and ``--runner-params``.

    Example:
        >>> kedro_command({"env": "prod", "tags": ["train"], "runtime_params": {"model.depth": 3}})
        'kedro run --env=prod --tags=train --params=model.depth=3'
    """
    cli_params = cli_params or {}
    words = ["kedro", "run"]
    for name, option in _OPTIONS.items():
        value = option_value(run_params.get(name))
        if value:
            words.append(f"{option}={value}")
    runner = runner_name(run_params.get("runner"))
    if runner and runner != "SequentialRunner":
        words.append(f"--runner={runner}")
    if cli_params.get("runner_params"):
        words.append(f"--runner-params={pairs(cli_params['runner_params'])}")
    if cli_params.get("is_async"):
        words.append("--async")
    if run_params.get("only_missing_outputs"):
        words.append("--only-missing-outputs")
    if cli_params.get("conf_source"):
        words.append(f"--conf-source={cli_params['conf_source']}")
    params = _runtime_params(run_params)
    if params:
        words.append(f"--params={pairs(params)}")
    return mask_urls(shlex.join(words))


def typed_command(run_params: Mapping[str, Any]) -> str:
    """Write the shell command that repeats a run which has just begun in this process.

    Args:
        run_params: The run params of Kedro's ``before_pipeline_run``.
    """
    typed = as_typed(run_params.get("runtime_params") or {}, RUNTIME_SECTION)
    return kedro_command({**run_params, "runtime_params": typed}, command_params())


def runtime_params(run_params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the project's parameters from the command line, without the keys of mlflow.yml.

    Args:
        run_params: The run params of Kedro's ``before_pipeline_run``.

    Example:
        >>> runtime_params({"runtime_params": {"depth": 3, "mlflow": {"run": {"name": "x"}}}})
        {'depth': 3}
    """
    given = _runtime_params(run_params)
    return {name: value for name, value in given.items() if name != RUNTIME_SECTION}


def _runtime_params(run_params: Mapping[str, Any]) -> Mapping[str, Any]:
    return run_params.get("runtime_params") or run_params.get("extra_params") or {}


def runner_name(runner: Any) -> str | None:
    """Return a runner's name for the option ``--runner``.

    Kedro's run params have the class's name or the text of an instance:
    ``<kedro.runner.thread_runner.ThreadRunner object at 0x7f...>``.

    Example:
        >>> runner_name("<kedro.runner.thread_runner.ThreadRunner object at 0x7f01>")
        'ThreadRunner'
    """
    text = str(runner) if runner is not None else ""
    match = _OBJECT.match(text)
    if match:
        text = match["path"]
    if text.startswith("kedro.runner."):
        return text.rsplit(".", 1)[1]
    if text.startswith("mlflow_on_kedro."):  # its public name, not that of its module
        return f"mlflow_on_kedro.{text.rsplit('.', 1)[1]}"
    return text if text and text != "None" else None


def command_params() -> dict[str, Any]:
    """Return the parameters of the running ``kedro run`` command; empty outside of it."""
    import click

    context = click.get_current_context(silent=True)
    if context is None or context.command.name != "run":
        return {}
    return dict(context.params)


def option_value(value: Any) -> str:
    """Write one of Kedro's run params as the value of its option.

    Example:
        >>> option_value(["train", "test"]), option_value(None)
        ('train,test', '')
    """
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{item}" for name, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(str(item) for item in value)
    return str(value) if value else ""


def pairs(params: Mapping[str, Any]) -> str:
    """Write parameters as the value of ``--params``; secrets are masked.

    Example:
        >>> pairs({"model": {"C": 0.1, "kind": "linear"}})
        'model.C=0.1,model.kind=linear'
    """
    return ",".join(
        f"{name}={_pair_value('***' if _is_secret(name, item) else without_secrets(item))}"
        for name, item in flatten("", params)
    )


def _is_secret(name: str, value: Any) -> bool:
    return (looks_secret(name) or is_secret(name, value)) and name not in _NAMES_ONLY


def _pair_value(value: Any) -> str:
    # `kedro run` splits at commas, and OmegaConf then parses each value as YAML.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, str):
        return value if _reads_as_itself(value) else _quoted(value)
    if isinstance(value, list | tuple) and value:
        return _block(value)
    return str(value)


def _block(items: Iterable[Any]) -> str:
    """Write a list as a YAML block, which has commas in quoted text only."""
    import yaml

    def represent(dumper: Any, text: str) -> Any:
        style = None if _reads_as_itself(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)

    quoting: Any = type("Quoting", (yaml.SafeDumper,), {})
    quoting.add_representer(str, represent)
    quoting.add_multi_representer(object, lambda dumper, item: represent(dumper, str(item)))
    block: str = yaml.dump(
        list(items), None, quoting, default_flow_style=False, allow_unicode=True, width=math.inf
    )
    return block.strip().replace(",", r"\x2c")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace(",", r"\x2c")


def _reads_as_itself(text: str) -> bool:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if "," in text or text != text.strip():
        return False
    try:
        read = OmegaConf.to_container(OmegaConf.from_dotlist([f"key={text}"]))
    except (YAMLError, ValueError, OmegaConfBaseException):
        return False
    return read == {"key": text}
