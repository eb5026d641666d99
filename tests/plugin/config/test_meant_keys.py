"""The key of mlflow.yml that was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.meant_keys import meant, warn_of_parameters
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("run_name", "run.name"),
        ("experiment-name", "experiment.name"),
        ("tracking.tracking_uri", "tracking.uri"),
        ("uri", "tracking.uri"),
        ("gantt", "time.gantt"),
        ("name", None),
        ("mlflow", None),
        ("run", None),
        ("", None),
    ],
)
def test_meant(given: str, key: str | None) -> None:
    """Other signs between the words, a section too many or none; never one of several."""
    assert meant(given) == key


def test_in_the_file() -> None:
    """It is what the message on an unknown key names."""
    with pytest.raises(ConfigError, match=r"'run_name'. Did you mean 'run.name'\?"):
        parse({"run_name": "x"})


@pytest.mark.parametrize(
    ("given", "path", "key"),
    [
        ({"mlflow_run": {"name": 1}}, "mlflow_run.name", "run.name"),
        ({"mlflow-run-name": 1}, "mlflow-run-name", "run.name"),
        ({"MLFLOW": {"run": {"name": 1}}}, "MLFLOW.run.name", "run.name"),
        ({"mlfow": {"run": {"name": 1}}}, "mlfow.run.name", "run.name"),
        ({"run": {"name": 1}}, "run.name", "run.name"),
        ({"mlflow_uri": 1}, "mlflow_uri", "tracking.uri"),
        ({"mlflow_experiment": 1}, "mlflow_experiment", "experiment.name"),
        ({"mlflow_run": {"nmae": 1}}, "mlflow_run.nmae", "run.name"),
    ],
)
def test_parameters(
    given: dict[str, Any], path: str, key: str, tmp_path: Path, said: list[str]
) -> None:
    """A parameter whose name is nearly that of a key is said, with the key."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "mlflow.yml").write_text("run: {name: x}\nmlflow_run: {}\n")
    warn_of_parameters(given, tmp_path)
    (message,) = said
    assert message == (
        f"--params {path}: no file in {tmp_path.name} has such a parameter. "
        f"Did you mean mlflow.{key}, which changes mlflow.yml for this run?"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"mlflow": {"run": {"name": 1}}},
        {"mlfow": {"depth": 1}},
        {"model": {"name": 1}},
        {"enabled": True},
        {"mlflow_run": {"name": 1}},
        {"mlflow_run_name": 1},
        {"run": {"name": 1}},
        {"_": 1},
    ],
)
def test_parameters_of_the_project(given: dict[str, Any], tmp_path: Path, said: list[str]) -> None:
    """What is like no key, or what the project's configuration names, is a parameter."""
    (tmp_path / "parameters.yml").write_text("mlflow_run: {name: x}\nrun: {name: y}\n")
    (tmp_path / "mlflow.yml").write_text("run: {name: '${runtime_params:mlflow_run_name}'}\n")
    warn_of_parameters(given, tmp_path)
    assert said == []
