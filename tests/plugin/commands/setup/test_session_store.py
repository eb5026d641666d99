"""Kedro-Viz's session store goes out of settings.py, and nothing else."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.commands.setup.session_store import without_session_store

STORE = "from kedro_viz.integrations.kedro.sqlite_store import SQLiteStore\n"
MODULE = "from kedro_viz.integrations.kedro import sqlite_store as s\n"
SHARED = 'SESSION_STORE_ARGS = {\n    "path": "data",\n    "remote_path": "s3://bucket",\n}\n'
ARGS = 'SESSION_STORE_ARGS = {"path": str(Path(__file__).parents[2] / "data")}\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"from pathlib import Path\n{STORE}SESSION_STORE_CLASS = SQLiteStore\n{ARGS}X = 1\n",
            f"from pathlib import Path\n{ARGS}X = 1\n",
        ),
        (
            f"{STORE}SESSION_STORE_CLASS = SQLiteStore  # ours\n{SHARED}HOOKS = ()\n",
            "HOOKS = ()\n",
        ),
        (
            f"{STORE}SESSION_STORE_CLASS = SQLiteStore\nSESSION_STORE_ARGS = dict(path='x')\n",
            "SESSION_STORE_ARGS = dict(path='x')\n",
        ),
        (
            f"{MODULE}SESSION_STORE_CLASS = s.SQLiteStore\n",
            "",
        ),
    ],
)
def test_removed(text: str, expected: str) -> None:
    """The class goes with its import; a path stays, which tells `import` where sessions are."""
    assert without_session_store(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from mine import Store\nSESSION_STORE_CLASS = Store\n",
        "from kedro_viz.x import y\nfrom mine import Store\nSESSION_STORE_CLASS = Store\n",
        f"try:\n    {STORE}    SESSION_STORE_CLASS = SQLiteStore\nexcept ImportError:\n    pass\n",
        STORE,
    ],
)
def test_kept(text: str) -> None:
    """Other stores stay, and what is written in another way."""
    assert without_session_store(text) == text


def test_kedro_viz_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a Kedro-Viz that still has the store, it stays."""
    module = "mlflow_on_kedro.commands.setup.session_store"
    monkeypatch.setattr(f"{module}.find_spec", lambda _: object())
    text = f"{STORE}SESSION_STORE_CLASS = SQLiteStore\n"
    assert without_session_store(text) == text
