"""Which versions of Python and libraries are tested together: see noxfile.py.

A new minor version of Kedro or MLflow needs its number here.
"""

from __future__ import annotations

from dataclasses import dataclass

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
KEDRO_MINORS = range(8)  # 1.0 to 1.7
MLFLOW_MINORS = range(1, 19)  # 3.1 to 3.18
GROUPS = ["python", "mlflow", "kedro", "tables"]

NEWEST = ("kedro", "mlflow", "kedro-datasets", "pandas", "plotly")
# MLflow 3.8 and older ones cannot open SQLite with SQLAlchemy 2.1.
OLD_SQLALCHEMY = "sqlalchemy<2.1"
LAST_WITH_OLD_SQLALCHEMY = 8


@dataclass(frozen=True)
class Combination:
    """Versions that are tested together.

    Attributes:
        name: The name of the nox session.
        python: The version of Python.
        libraries: What is installed with requirements-dev.txt, as pip takes it.
        group: One of :data:`GROUPS`, the tag of the session.
    """

    name: str
    python: str
    libraries: tuple[str, ...]
    group: str


def oldest(python: str) -> tuple[str, ...]:
    """Return the oldest libraries that the plugin supports on a version of Python."""
    # The first MLflow whose pyarrow has wheels for Python 3.14.
    mlflow = "mlflow==3.6.0" if python == "3.14" else "mlflow==3.1.0"
    libraries = ("kedro==1.0.0", mlflow, "kedro-datasets==8.1.0", "plotly==5.18.0", OLD_SQLALCHEMY)
    if python in {"3.10", "3.11"}:  # for later ones there are no wheels of this pandas
        libraries += ("pandas==2.0.3", "numpy<2")
    return libraries


def of_mlflow(minor: int) -> tuple[str, ...]:
    """Return the newest libraries with a minor version of MLflow 3."""
    more = [OLD_SQLALCHEMY] if minor <= LAST_WITH_OLD_SQLALCHEMY else []
    return ("kedro", f"mlflow==3.{minor}.*", *more)


COMBINATIONS = [
    *(Combination(f"oldest-{python}", python, oldest(python), "python") for python in PYTHONS),
    *(Combination(f"newest-{python}", python, NEWEST, "python") for python in PYTHONS),
    *(
        Combination(f"mlflow-3.{minor}", "3.11", of_mlflow(minor), "mlflow")
        for minor in MLFLOW_MINORS
    ),
    *(
        Combination(f"kedro-1.{minor}", "3.12", (f"kedro==1.{minor}.*", "mlflow"), "kedro")
        for minor in KEDRO_MINORS
    ),
    # Tables and charts of before, with the newest Kedro and MLflow.
    Combination("pandas-2", "3.12", ("kedro", "mlflow", "pandas==2.*", "plotly==6.*"), "tables"),
]
