"""All files are written, or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mlflow_on_kedro.commands.migrating.writing import write_all
from mlflow_on_kedro.commands.setup.initializing import Change
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.utils import replacing


@pytest.fixture
def changes(tmp_path: Path) -> list[Change]:
    """Two files to change, and one to make."""
    for name in "ab":
        (tmp_path / name).write_bytes(b"old\r\n")
    return [
        *(Change(tmp_path / name, "old\r\n", "new\r\n") for name in "ab"),
        Change(tmp_path / "c", None, "new"),
    ]


def texts(folder: Path) -> dict[str, bytes]:
    """All files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_written(changes: list[Change], tmp_path: Path) -> None:
    """With the line ends that they had."""
    write_all(changes)
    assert texts(tmp_path) == {"a": b"new\r\n", "b": b"new\r\n", "c": b"new"}


def test_a_link_stays(changes: list[Change], tmp_path: Path) -> None:
    """The file that it leads to is changed."""
    (tmp_path / "b").rename(tmp_path / "real")
    (tmp_path / "b").symlink_to("real")
    write_all(changes)
    assert (tmp_path / "b").is_symlink()
    assert texts(tmp_path)["real"] == b"new\r\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_the_middle(
    changes: list[Change],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    """The files are as they were."""
    replace = replacing.replace_file

    def fail(own: Path, path: Path) -> None:
        if path.name == "c":
            raise error
        replace(own, path)

    monkeypatch.setattr(replacing, "replace_file", fail)
    with pytest.raises((ConfigError, KeyboardInterrupt)):
        write_all(changes)
    assert texts(tmp_path) == {"a": b"old\r\n", "b": b"old\r\n"}


def test_a_file_of_another_content(changes: list[Change], tmp_path: Path) -> None:
    """What was changed while the user was asked is not overwritten."""
    (tmp_path / "b").write_bytes(b"newer")
    (tmp_path / "c").write_bytes(b"newer")
    with pytest.raises(ConfigError, match=r"b has changed(.|\n)*c is there now(.|\n)*Nothing"):
        write_all(changes)
    assert texts(tmp_path)["a"] == b"old\r\n"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_is_read_only(changes: list[Change], tmp_path: Path) -> None:
    """It is named, and nothing is written."""
    (tmp_path / "b").chmod(0o444)
    with pytest.raises(ConfigError, match="b is read-only"):
        write_all(changes)
    assert texts(tmp_path)["a"] == b"old\r\n"
