"""The parameters and the catalog as YAML: in order, without secrets, whatever the values are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from mlflow_on_kedro.provenance import configuration
from mlflow_on_kedro.provenance.configuration import catalog_text, parameters_text
from omegaconf import OmegaConf


def read(text: str) -> Any:
    """The content of a YAML text."""
    return yaml.safe_load(text)


def test_values_come_back() -> None:
    """What YAML has words for is read as it was, in the same order."""
    given = {
        "zebra": {"depth": 3, "rate": 1e-05, "on": "yes", "off": False, "none": None},
        "names": ["Zoë", "007", "1e5", "a: b # c", "line\nline"],
        "day": dt.date(2026, 11, 27),
        "empty": {},
        1: "one",
        "huge": float("inf"),
    }
    text = parameters_text(given)
    assert read(text) == given
    assert list(read(text)) == list(given)
    assert "Zoë" in text


def test_values_of_other_types() -> None:
    """NumPy's numbers, tuples, sets and OmegaConf's nodes are plain values."""
    given = {
        "node": OmegaConf.create({"a": [1, {"b": 2}]}),
        "number": np.float64(0.5),
        "tuple": (1, 2),
        "set": {"b", "a"},
    }
    assert read(parameters_text(given)) == {
        "node": {"a": [1, {"b": 2}]},
        "number": 0.5,
        "tuple": [1, 2],
        "set": ["a", "b"],
    }


def test_objects() -> None:
    """An object of a resolver is written as its repr, and named."""
    text = parameters_text({"model": {"kind": Path, "n": 3, "path": Path("x")}})
    assert read(text)["model"] == {"kind": repr(Path), "n": 3, "path": repr(Path("x"))}
    assert text.splitlines()[:2] == [
        "# model.kind: no YAML, so it is written as its repr.",
        "# model.path: no YAML, so it is written as its repr.",
    ]


def test_secrets() -> None:
    """Secrets are masked at any depth, in lists and in URLs; numbers are none."""
    given = {
        "db": [{"password": "hunter2", "port": 1}],
        "url": "https://me:hunter2@host/x",
        "token": 512,
        "login": {"pin": 1234},
        "request": {"credentials": {"user": "hunter2"}},
    }
    text = parameters_text(given, {"login.pin"})
    assert "hunter2" not in text
    assert read(text) == {
        "db": [{"password": "***", "port": 1}],
        "url": "https://***@host/x",
        "token": 512,
        "login": {"pin": "***"},
        "request": {"credentials": {"user": "***"}},
    }


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Very many values are left out, and the file says so."""
    monkeypatch.setattr(configuration, "MOST_VALUES", 10)
    assert parameters_text({"a": list(range(11))}) == (
        "# Left out: there are more than 10 values.\n"
    )


def test_catalog() -> None:
    """Credentials are named only, paths are relative to the project, other secrets are masked."""
    root = Path("/home/me/project")
    catalog = {
        "wines": {
            "type": "pandas.CSVDataset",
            "filepath": "/home/me/project/data/wines.csv",
            "credentials": "s3",
            "load_args": {"password": 1234, "sep": ";"},
        },
        "inline": {"type": "x.Y", "credentials": {"user": "me", "key": "hunter2"}},
        "parts": {"type": "p.P", "dataset": {"type": "x.Y", "credentials": "hunter2"}},
        "sql": {"type": "s.S", "con": "postgresql://me:hunter2@host/db", "credentials": None},
    }
    text = catalog_text(catalog, root, ["s3"])
    assert "hunter2" not in text
    assert read(text) == {
        "wines": {
            "type": "pandas.CSVDataset",
            "filepath": "data/wines.csv",
            "credentials": "s3",
            "load_args": {"password": "***", "sep": ";"},
        },
        "inline": {"type": "x.Y", "credentials": "***"},
        "parts": {"type": "p.P", "dataset": {"type": "x.Y", "credentials": "***"}},
        "sql": {"type": "s.S", "con": "postgresql://***@host/db", "credentials": None},
    }
