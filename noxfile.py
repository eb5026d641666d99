"""The slow matrix: the plugin's tests on the oldest and newest libraries of each Python."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False

OLDEST = [
    "kedro==1.0.0",
    "kedro-datasets==8.1.0",
    'mlflow==3.1.0; python_version < "3.14"',
    # The first whose pyarrow has wheels for Python 3.14.
    'mlflow==3.6.0; python_version >= "3.14"',
    # With 2.1 those MLflows cannot open SQLite.
    "sqlalchemy<2.1",
]
NEWEST = ["kedro", "mlflow", "kedro-datasets"]
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]


@nox.session(python=PYTHONS)
@nox.parametrize("libraries", [OLDEST, NEWEST], ids=["oldest", "newest"])
def plugin(session: nox.Session, libraries: list[str]) -> None:
    """Run the plugin's tests."""
    session.install("-r", "requirements-dev.txt", *libraries)
    session.run("python", "-m", "pytest", "tests/plugin", "tests/project", *session.posargs)
