"""B1: commands that run no pipeline, in a generated project with and without the plugin."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from . import peers, projects
from .bench import ROOT, Bench
from .measure import Check, Cost, Outcome, alternate, run_process

NAME = "B1"
TITLE = "Commands that run no pipeline"
COMMANDS = (("registry", "list"), ("--help",), ("catalog", "describe-datasets"))
_SETTINGS = '"""No hooks."""\n'
# Python's garbage collector goes over all objects at each 77,000th that is new: seven per cent of
# such a command's CPU time. Whether a few objects bring one pass more is luck, so each round begins
# with another number of them, the same for all variants.
_KEEP_OBJECTS = "import os\nKEPT = [[] for _ in range(int(os.environ['BENCH_OBJECTS']))]\n"
_OBJECTS = range(0, 77_000, 8_600)


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    ours = generate(bench, "Wine Ours")
    plain = _without_plugin(ours, bench.new_folder("plain"))
    for words in COMMANDS:
        command = " ".join(("kedro", *words))
        variants = {
            f"{command}, {projects.PLAIN}": _runs(bench, plain, words),
            f"{command}, {projects.OURS}": _runs(bench, ours, words),
        }
        rounds = bench.choose(9, 2)
        alternate(outcome.samples, variants, rounds, warm_up=not bench.quick)
        base, measured = (outcome.samples.cpu(variant) for variant in variants)
        outcome.checks.append(Check(f"`{command}`: CPU, of plain Kedro's", measured / base, 1.05))
    _add_uncompiled(bench, outcome, plain, ours)
    _add_peer(bench, outcome, plain)
    return outcome


def generate(bench: Bench, name: str) -> Path:
    """Generate a project from this repository's template."""
    folder = bench.new_folder("generated")
    folder.mkdir()
    command = [sys.executable, "-m", "kedro", "new", "--starter", ROOT, "--name", name]
    env = {**bench.env, "HOME": str(bench.folder)}
    run_process(command, cwd=folder, env=env, log=bench.folder / "new.log")
    return next(path for path in folder.iterdir() if path.is_dir())


def _without_plugin(project: Path, target: Path) -> Path:
    shutil.copytree(project, target)
    shutil.rmtree(target / "src" / "mlflow_on_kedro")
    (package,) = (path.parent for path in target.glob("src/*/settings.py"))
    (package / "settings.py").write_text(_SETTINGS, encoding="utf-8")
    (package / "cli.py").unlink()
    catalog = target / "conf" / "base" / "catalog.yml"
    entries = yaml.safe_load(catalog.read_text(encoding="utf-8"))
    plain = {name: _plain_entry(name, entry) for name, entry in entries.items()}
    catalog.write_text(json.dumps(plain, indent=1), encoding="utf-8")
    (target / "conf" / "base" / "mlflow.yml").unlink()
    return target


def _plain_entry(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    if not entry["type"].startswith("mlflow_on_kedro"):
        return entry
    backend = entry.get("dataset")
    if isinstance(backend, dict):
        return backend
    types = {"json": "json.JSONDataset", "csv": "pandas.CSVDataset"}
    return {"type": types.get(str(backend), "pickle.PickleDataset"), "filepath": f"data/{name}"}


def _runs(
    bench: Bench,
    project: Path,
    words: tuple[str, ...],
    python: Path | str = sys.executable,
    *,
    compiles: bool = True,
) -> Callable[[], Cost]:
    """Return a function that runs a command, each time with another number of objects."""
    folder = bench.folder / "objects"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_KEEP_OBJECTS, encoding="utf-8")
    env = {**bench.env, "PYTHONPATH": str(folder)}
    if not compiles:
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [python, "-m", "kedro", *words]
    numbers = itertools.cycle(_OBJECTS)

    def measured() -> Cost:
        variables = {**env, "BENCH_OBJECTS": str(next(numbers))}
        return run_process(command, cwd=project, env=variables, log=bench.folder / "command.log")

    return measured


def _add_uncompiled(bench: Bench, outcome: Outcome, plain: Path, ours: Path) -> None:
    """Measure what is so in many containers: packages are compiled, and `src` is not."""
    words = COMMANDS[0]
    command = f"{' '.join(('kedro', *words))}, src never compiled"
    calls: dict[str, Callable[[], Cost]] = {}
    for variant, project in ((projects.PLAIN, plain), (projects.OURS, ours)):
        copy = bench.new_folder("uncompiled")
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
        calls[f"{command}, {variant}"] = _runs(bench, copy, words, compiles=False)
    alternate(outcome.samples, calls, bench.choose(9, 2), warm_up=not bench.quick)
    base, measured = (outcome.samples.cpu(variant) for variant in calls)
    outcome.checks.append(Check(f"`{command}`: CPU, of plain Kedro's", measured / base, 1.05))


def _add_peer(bench: Bench, outcome: Outcome, plain: Path) -> None:
    python = bench.python_of(peers.KEDRO_MLFLOW)
    if python is None:
        outcome.notes.append("kedro-mlflow could not be installed")
        return
    words = COMMANDS[0]
    command = " ".join(("kedro", *words))
    variant = f"{command}, {projects.KEDRO_MLFLOW}"
    call = {variant: _runs(bench, plain, words, python)}
    alternate(outcome.samples, call, bench.choose(3, 1), warm_up=not bench.quick)
    peer = outcome.samples.cpu(variant) / outcome.samples.cpu(f"{command}, {projects.PLAIN}")
    outcome.notes.append(f"`{command}` with kedro-mlflow: {peer:.2f} times plain Kedro's CPU")
