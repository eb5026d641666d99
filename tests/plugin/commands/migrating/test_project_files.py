"""Which files of a project are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow_on_kedro.commands.migrating.project_files import conf_folders


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("conf", ["conf", "conf_other"]),
        ("conf/app", ["conf/app", "conf_other"]),
        ("settings", ["settings", "conf", "conf_other"]),
        ("none", ["conf", "conf_other"]),
    ],
)
def test_folders_of_configuration(tmp_path: Path, source: str, found: list[str]) -> None:
    """The one that settings.py names, and others like it; none lies in another."""
    for name in ("conf/app/base", "conf_other", "settings"):
        (tmp_path / name).mkdir(parents=True)
    assert conf_folders(tmp_path, source) == [tmp_path / name for name in found]
