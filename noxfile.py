"""The slow matrix: the plugin's tests with each version of the libraries that it supports.

``nox --list`` lists the sessions, ``nox --tags mlflow`` runs those of a group. What they install
is in manual/versions.py. A session that passes records its versions for docs/compatibility.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))

from manual.versions import COMBINATIONS, NEWEST, PYTHONS, Combination, oldest

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False

WORKERS = os.environ.get("WORKERS", "2")
ALL_TESTS = ("tests/plugin", "tests/project")
# What shows first that MLflow, Kedro, or pandas and Plotly behave in another way.
MLFLOW_TESTS = (
    "tests/plugin/datasets/test_backends.py",
    "tests/plugin/datasets/test_model_dataset.py",
    "tests/plugin/delivery/test_run_delivery.py",
    "tests/plugin/hooks/test_basic.py",
    "tests/plugin/mlflow_internals",
    "tests/plugin/models",
    "tests/plugin/observability",
    "tests/plugin/pipeline_models/test_mlflow_pipeline_model.py",
    "tests/plugin/tracking",
)
KEDRO_TESTS = (
    "tests/plugin/datasets/test_backends.py",
    "tests/plugin/hooks/test_basic.py",
    "tests/plugin/pipeline_models",
    "tests/plugin/utils/test_kedro_internals.py",
    "tests/project/test_runners.py",
)
TABLE_TESTS = (
    "tests/plugin/datasets/test_plots.py",
    "tests/plugin/inputs",
    "tests/plugin/timeline",
)
LIBRARY_TESTS = (
    *dict.fromkeys((*MLFLOW_TESTS, *KEDRO_TESTS, *TABLE_TESTS)),
    "tests/plugin/datasets/test_mlflow_dataset.py",
)
TESTS = {
    "mlflow": MLFLOW_TESTS,
    "kedro": KEDRO_TESTS,
    "tables": (*MLFLOW_TESTS, *TABLE_TESTS),
    "python": LIBRARY_TESTS,
}
"""What runs in the sessions of a group."""


def test(session: nox.Session, *tests: str) -> None:
    """Run tests, or those that are given after ``--``."""
    session.run("python", "-m", "pytest", "-n", WORKERS, *(session.posargs or tests))


def add_session(combination: Combination) -> None:
    """Add the session that tests a combination."""

    def run(session: nox.Session) -> None:
        session.install("-r", "requirements-dev.txt", *combination.libraries)
        test(session, *TESTS[combination.group])
        if not session.posargs:
            session.run("python", "-m", "manual.compatibility", combination.name)

    run.__doc__ = ", ".join(combination.libraries)
    nox.session(run, name=combination.name, python=combination.python, tags=[combination.group])


for each in COMBINATIONS:
    add_session(each)


@nox.session(python=PYTHONS[0], default=False)
def whole(session: nox.Session) -> None:
    """All tests with the oldest libraries; `make test` has the newest. Nothing is recorded."""
    session.install("-r", "requirements-dev.txt", *oldest(PYTHONS[0]))
    test(session, *ALL_TESTS)


@nox.session(python=PYTHONS, default=False)
def prereleases(session: nox.Session) -> None:
    """With what is about to be released; nothing is recorded."""
    session.install("--prerelease", "allow", "-r", "requirements-dev.txt", *NEWEST)
    session.run("python", "-m", "manual.compatibility")
    test(session, *LIBRARY_TESTS)
