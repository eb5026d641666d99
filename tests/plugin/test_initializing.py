"""What `kedro mlflow init` plans for a project."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow_on_kedro import initializing
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.initializing import Change, ignoring, plan

KEDRO_MLFLOW = "server:\n  mlflow_tracking_uri: null\ntracking:\n  run: {name: null}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that knows nothing of MLflow."""
    (tmp_path / "conf/base").mkdir(parents=True)
    (tmp_path / "settings.py").write_text("HOOKS = (A(),)\n", encoding="utf-8")
    return tmp_path


def planned(root: Path) -> list[Change]:
    """The plan for a project."""
    return plan(root, root / "settings.py", root / "conf/base")


def test_a_new_project(root: Path) -> None:
    """Three files are planned, and none is written."""
    changes = planned(root)
    names = [change.path.relative_to(root).as_posix() for change in changes]
    assert names == ["conf/base/mlflow.yml", "settings.py", ".gitignore"]
    assert [change.before for change in changes] == [None, "HOOKS = (A(),)\n", None]
    assert not (root / ".gitignore").exists()
    assert not (root / "conf/base/mlflow.yml").exists()


def test_again(root: Path) -> None:
    """Once all is written, there is nothing to do, and what is there stays as it is."""
    for change in planned(root):
        change.write()
    assert planned(root) == []
    (root / "conf/base/mlflow.yml").write_text("run: {name: mine}", encoding="utf-8")
    assert planned(root) == []


def test_only_what_is_missing(root: Path) -> None:
    """A file that has gone is planned alone."""
    for change in planned(root):
        change.write()
    (root / "conf/base/mlflow.yml").unlink()
    assert [change.path.name for change in planned(root)] == ["mlflow.yml"]


def test_no_settings(root: Path) -> None:
    """A settings.py that is not there is made."""
    (root / "settings.py").unlink()
    _, settings, _ = planned(root)
    assert settings.after.endswith("HOOKS = mlflow_hooks()\n")


def test_the_file_is_that_of_the_starter() -> None:
    """What is written is right, and at its defaults."""
    import yaml

    assert parse(yaml.safe_load(initializing.shipped())) == Config()


def test_diff(root: Path) -> None:
    """A change is shown as git shows it."""
    settings = planned(root)[1]
    assert settings.diff(root).splitlines() == [
        "--- a/settings.py",
        "+++ b/settings.py",
        "@@ -1 +1,3 @@",
        "-HOOKS = (A(),)",
        "+from mlflow_on_kedro import mlflow_hooks",
        "+",
        "+HOOKS = (*mlflow_hooks(), A(),)",
    ]
    assert planned(root)[0].diff(root).startswith("--- /dev/null\n+++ b/conf/base/mlflow.yml\n")


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (None, [".mlflow_on_kedro/", "mlruns/", "mlflow.db*"]),
        ("*.log", [".mlflow_on_kedro/", "mlruns/", "mlflow.db*"]),
        ("mlruns\n/mlflow.db\n", [".mlflow_on_kedro/"]),
        ("mlruns/*\n", [".mlflow_on_kedro/", "mlflow.db*"]),
        (".mlflow_on_kedro/\nmlruns/\nmlflow.db*\n", []),
    ],
)
def test_gitignore(before: str | None, added: list[str]) -> None:
    """What is ignored in whatever way is not added again."""
    after = ignoring(before)
    assert after.startswith(before or "")
    new = after.removeprefix(before or "")
    assert [line for line in new.splitlines() if line and not line.startswith("#")] == added


def test_gitignore_of_windows() -> None:
    """Line ends stay what they are."""
    assert "\n" not in ignoring("*.log\r\n").replace("\r\n", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [(KEDRO_MLFLOW, "keys of something else: server. "), ("a: [", "cannot be read: ")],
)
def test_a_file_of_another_plugin(root: Path, text: str, words: str) -> None:
    """An mlflow.yml that is not this plugin's is said, before anything is changed."""
    (root / "conf/base/mlflow.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        planned(root)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_what_cannot_be_written(root: Path) -> None:
    """One message names the file."""
    (root / "in_the_way").touch()
    with pytest.raises(ConfigError, match=r"in_the_way.* cannot be written"):
        Change(root / "in_the_way" / "mlflow.yml", None, "").write()


def test_what_cannot_be_read(root: Path) -> None:
    """A file that is no text is named."""
    (root / ".gitignore").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"\.gitignore cannot be read"):
        planned(root)
