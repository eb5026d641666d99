"""A fresh project from the template, and its run: what the pictures show."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

ROOT = Path(__file__).parents[1]
NAME = "Wine Demo"


@dataclass(frozen=True)
class Demo:
    """The project after a run.

    Attributes:
        store_uri: Its MLflow store.
        run: The run.
    """

    store_uri: str
    run: Run


def make_demo(folder: Path) -> Demo:
    """Generate the project in a folder and run its pipeline once."""
    settings = folder / "cookiecutter.yml"
    settings.write_text(f"replay_dir: {(folder / 'replay').as_posix()}\n", encoding="utf-8")
    environment = {name: os.environ[name] for name in os.environ if "MLFLOW" not in name}
    environment |= {"DO_NOT_TRACK": "true", "COOKIECUTTER_CONFIG": str(settings)}
    environment.pop("PYTHONPATH", None)  # the project has a copy of the plugin
    generate = ["cookiecutter", str(ROOT), "--no-input", f"project_name={NAME}"]
    _run(generate, folder, environment)
    (project,) = folder.glob("*/pyproject.toml")
    _run(["kedro", "run"], project.parent, environment)
    store_uri = f"sqlite:///{(project.parent / 'mlflow.db').as_posix()}"
    client = MlflowClient(store_uri)
    experiment = client.get_experiment_by_name("wine_demo")
    (run,) = client.search_runs([experiment.experiment_id])
    return Demo(store_uri, run)


def _run(module: list[str], folder: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", *module]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(module)} failed:\n{done.stdout}{done.stderr}")
