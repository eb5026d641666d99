"""What `kedro mlflow init` plans for a project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.commands.setup import initializing
from mlflow_on_kedro.commands.setup.initializing import Change, Project, ignoring, plan
from mlflow_on_kedro.commands.setup.settings_trial import Settings
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.errors import ConfigError

KEDRO_MLFLOW = "server:\n  mlflow_tracking_uri: null\ntracking:\n  run: {name: null}\n"
# Of the time before its 0.8.
OLD_KEDRO_MLFLOW = """
mlflow_tracking_uri: mlruns
credentials: null
disable_tracking:
  pipelines: []
experiment:
  name: demo
  create: true
hooks:
  node:
    flatten_dict_params: false
    long_parameters_strategy: fail
ui:
  port: 5000
"""
OURS = ("mlflow_on_kedro.hooks.basic.MLflowBasicLoggerHook",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that knows nothing of MLflow."""
    (tmp_path / "conf/base").mkdir(parents=True)
    (tmp_path / "settings.py").write_text("HOOKS = (A(),)\n", encoding="utf-8")
    return tmp_path


def planned(root: Path, requirement: str | None = None, **present: Any) -> list[Change]:
    """The plan for a project; its settings.py is not run, but said to be right."""
    settings = root / "settings.py"
    is_wired = settings.is_file() and "mlflow_hooks" in settings.read_text(encoding="utf-8")
    found = Settings(**{"hooks": OURS if is_wired else (), **present})

    def try_out(text: str) -> Settings:
        assert "*mlflow_hooks()" in text
        return replace(found, hooks=(*OURS, *found.hooks))

    return plan(Project(root, settings, found, try_out, requirement=requirement))


def test_a_new_project(root: Path) -> None:
    """Three files are planned, and none is written."""
    changes = planned(root)
    names = [change.path.relative_to(root).as_posix() for change in changes]
    assert names == ["conf/base/mlflow.yml", "settings.py", ".gitignore"]
    assert [change.before for change in changes] == [None, "HOOKS = (A(),)\n", None]
    assert not (root / ".gitignore").exists()
    assert not (root / "conf/base/mlflow.yml").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("kedro\n", "kedro\nmlflow-on-kedro==1.0\n"),
        ("kedro", "kedro\nmlflow-on-kedro==1.0\n"),
        ("kedro\r\n", "kedro\r\nmlflow-on-kedro==1.0\r\n"),
        ("mlflow_on_kedro @ file:///here\n", None),
        ("git+https://host/mlflow-on-kedro.git\n", None),
        ("kedro==1.0 --hash=sha256:1\n", None),
    ],
)
def test_requirements(root: Path, before: str, after: str | None) -> None:
    """The plugin is added to requirements.txt, unless it is there, or the file has hashes."""
    (root / "requirements.txt").write_bytes(before.encode())
    changes = planned(root, requirement="mlflow-on-kedro==1.0")
    found = {change.path.name: change.after for change in changes}
    assert found.get("requirements.txt") == after


@pytest.mark.parametrize("requirement", [None, "mlflow-on-kedro==1.0"])
def test_no_requirements(root: Path, requirement: str | None) -> None:
    """No requirements.txt is made, and none is changed by a copy in the project."""
    if requirement is None:
        (root / "requirements.txt").write_text("kedro\n")
    names = [change.path.name for change in planned(root, requirement=requirement)]
    assert "requirements.txt" not in names


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
    project = Project(root, root / "settings.py", Settings(), lambda _: Settings(hooks=OURS))
    _, settings, _ = plan(project)
    assert settings.after.endswith("HOOKS = mlflow_hooks()\n")


def test_the_file_is_that_of_the_starter(root: Path) -> None:
    """What is written is right, at its defaults, and names no schema that is not there."""
    import yaml

    shipped = initializing.shipped(root / "conf" / "base")
    assert parse(yaml.safe_load(shipped)) == Config()
    assert "$schema" not in shipped


def test_the_schema_of_a_copy_is_named(root: Path) -> None:
    """In a project with a copy of the plugin, the first line leads editors to its schema."""
    schema = root / "src" / "mlflow_on_kedro" / "config" / "mlflow.schema.json"
    schema.parent.mkdir(parents=True)
    schema.write_text("{}")
    folder = root / "conf" / "base"
    first = initializing.shipped(folder).splitlines()[0]
    assert (folder / first.partition("$schema=")[2]).resolve() == schema.resolve()


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
        ("", [".mlflow_on_kedro/", "mlruns/", "mlflow.db*"]),
        ("*.log", [".mlflow_on_kedro/", "mlruns/", "mlflow.db*"]),
        ("mlruns\n/mlflow.db\n", [".mlflow_on_kedro/"]),
        ("mlruns/*\n", [".mlflow_on_kedro/", "mlflow.db*"]),
        (".mlflow_on_kedro/\nmlruns/\nmlflow.db*\n", []),
    ],
)
def test_gitignore(before: str, added: list[str]) -> None:
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
    [
        (
            "server: {uri: x}",
            "unknown key 'server.uri'. It is kedro-mlflow's; here it is not needed",
        ),
        ("a: [", "cannot be read: "),
        ("- a", "it must be a mapping"),
        ("run: {nam: x}", "unknown key 'run.nam'. Did you mean 'run.name'?"),
    ],
)
@pytest.mark.parametrize("place", ["base/mlflow.yml", "local/mlflow.yml", "prod/x/mlflow_b.yaml"])
def test_a_file_with_a_mistake(root: Path, text: str, words: str, place: str) -> None:
    """A file that cannot be used is found in each environment, before anything is changed."""
    (root / "conf" / place).parent.mkdir(parents=True, exist_ok=True)
    (root / "conf" / place).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        planned(root)
    assert words in caught.value.message
    assert str(root / "conf" / place) in caught.value.message


@pytest.mark.parametrize("text", [KEDRO_MLFLOW, OLD_KEDRO_MLFLOW])
def test_a_file_of_kedro_mlflow(root: Path, text: str) -> None:
    """It stays, because runs read it as it is."""
    (root / "conf/base/mlflow.yml").write_text(text, encoding="utf-8")
    assert [change.path.name for change in planned(root)] == ["settings.py", ".gitignore"]


def test_all_problems_at_once(root: Path) -> None:
    """Each file that is in the way is named with all that is wrong in it, in one message."""
    (root / "settings.py").write_text("HOOKS = (", encoding="utf-8")
    (root / ".gitignore").write_bytes(b"\xff\xfe")
    for env, text in {"base": "run: {nam: x}\n", "local": "server: {x: y}\nui: {a: b}\n"}.items():
        (root / f"conf/{env}").mkdir(exist_ok=True)
        (root / f"conf/{env}/mlflow.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        planned(root)
    message = caught.value.message
    assert "settings.py is not valid Python" in message
    assert ".gitignore cannot be read" in message
    for key in ("run.nam", "server.x", "ui.a"):
        assert f"unknown key '{key}'" in message
    assert message.endswith("Nothing is changed.")


@pytest.mark.parametrize("name", ["mlflow.yaml", "mlflow/tracking.yml", "mlflow_settings.json"])
def test_a_file_of_another_name(root: Path, name: str) -> None:
    """Where the base has a file that Kedro reads as mlflow.yml, no second one is written."""
    path = root / "conf/base" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"run": {"name": "x"}}', encoding="utf-8")
    assert [change.path.name for change in planned(root)] == ["settings.py", ".gitignore"]


def test_folders_of_other_names(root: Path) -> None:
    """mlflow.yml belongs where settings.py says that Kedro looks."""
    change = planned(root, conf_source="settings", base_env="common")[0]
    assert change.path == root / "settings/common/mlflow.yml"


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
