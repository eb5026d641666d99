"""``kedro mlflow migrate``: shows, asks, writes; and then the project runs as before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from mlflow_on_kedro.cli import cli
from mlflow_on_kedro.commands.migrating import plan
from mlflow_on_kedro.commands.setup import settings_trial
from mlflow_on_kedro.commands.starting import start
from mlflow_on_kedro.errors import ConfigError

from tests.plugin.migrating import content_of, migrate

NODES = """
from kedro.pipeline import node, pipeline

def make(options):
    return 0.5, {"mae": {"step": 0, "value": 0.5}}, [0.5, 0.25], "a report", {"a": "x", "b": "y"}

def read(losses):
    assert losses == [0.5, 0.25]

def create_pipeline():
    return pipeline([
        node(make, "params:options", ["f1", "scores", "losses", "report", "parts"], name="make"),
        node(read, "losses", None, name="read"),
    ])
"""
SETTINGS = """\
from kedro_mlflow.framework.hooks import MlflowHook

# Ours.
HOOKS = (MlflowHook(),)
"""
CATALOG = """\
# Metrics
f1: {type: kedro_mlflow.io.metrics.MlflowMetricDataset, key: f1_score}
"{name}ores":  # a factory
  type: kedro_mlflow.io.metrics.MlflowMetricsHistoryDataset
losses:
  type: kedro_mlflow.io.metrics.MlflowMetricHistoryDataset

_artifact: &artifact
  type: kedro_mlflow.io.artifacts.MlflowArtifactDataSet
report:
  <<: *artifact
  data_set:
    type: text.TextDataSet
    filepath: ${_folder}/report.txt
    layer: reporting
parts:
  type: PartitionedDataSet
  path: ${_folder}/parts
  filename_suffix: .txt
  data_set:
    <<: *artifact
    data_set: {type: text.TextDataSet}
_folder: data
"""
MLFLOW = """\
server:
  mlflow_tracking_uri: sqlite:///mlflow.db  # ours
tracking:
  experiment:
    name: old
"""
PYPROJECT = """\
[project]
dependencies = ["kedro~=1.0", "kedro-mlflow>=1.0,<2"]  # ours

[tool.kedro]
package_name = "{package}"
project_name = "x"
kedro_init_version = "1.0.0"
source_dir = "src"
"""
TWO = """\
f1: {type: kedro_mlflow.io.metrics.MlflowMetricDataset, key: a}
f2: {type: kedro_mlflow.io.metrics.MlflowMetricDataset, key: b}
"""


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try settings.py out here; a process takes seconds, and other tests do."""
    monkeypatch.setattr(
        "mlflow_on_kedro.commands.setup.settings_trial.try_out",
        lambda *given, **_: settings_trial.execute(*given[:3]),
    )


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project of kedro-mlflow, which is not installed any more."""
    made = make_project(
        NODES, catalog=CATALOG, mlflow=MLFLOW, parameters={"options": {"a": {"b": 1}}}
    )
    made.write("requirements.txt", "kedro\nkedro-mlflow~=1.0\n")
    return made


def texts(project: Any) -> dict[str, bytes]:
    """All files of the project."""
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in project.root.rglob("*")
        if path.suffix in {".py", ".yml", ".yaml", ".txt", ".toml", ".json"}
        or path.name == ".gitignore"
    }


@pytest.mark.slow
def test_before_and_after(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project runs as it is, and logs the same when it is rewritten."""
    line = "mlflow-on-kedro @ git+https://host/x@1"
    monkeypatch.setattr("mlflow_on_kedro.commands.init.own_requirement", lambda: line)
    project.session_run()
    (before,) = project.runs("old")
    settings = f"src/{project.package}/settings.py"
    project.write(settings, SETTINGS)
    result = migrate(project, "--yes")
    assert result.exit_code == 0, result.output
    assert b"kedro_mlflow" not in b"".join(texts(project).values())
    assert texts(project)["requirements.txt"].decode() == f"kedro\n{line}\n"
    assert texts(project)[settings] == (
        b"from mlflow_on_kedro import mlflow_hooks\n\n# Ours.\nHOOKS = mlflow_hooks()\n"
    )
    done = project.kedro("run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Written for kedro-mlflow" not in done.stdout + done.stderr
    (after,) = (run for run in project.runs("old") if run.info.run_id != before.info.run_id)
    assert content_of(project, after) == content_of(project, before)
    files = texts(project)
    again = migrate(project, "--yes")
    assert again.output == "Nothing to rewrite: this project is written for this plugin.\n"
    assert (again.exit_code, texts(project)) == (0, files)


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize(("words", "said"), [(["--dry-run"], ""), ([], "n\n"), ([], "")])
def test_nothing_is_written(project: Any, words: list[str], said: str) -> None:
    """With `--dry-run`, or without a yes, the changes are only shown."""
    before = texts(project)
    result = migrate(project, *words, said=said)
    assert "+++ b/conf/base/mlflow.yml" in result.output
    assert "+f1: {type: mlflow_on_kedro.MLflowDataset, dataset: m" in result.output
    assert result.exit_code == (0 if words else 1)
    assert result.output.endswith("\nNothing was written.\n") == bool(words)
    assert texts(project) == before


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("is_dry", [True, False])
def test_what_is_left(project: Any, monkeypatch: pytest.MonkeyPatch, is_dry: bool) -> None:
    """It is said again until it is done, with the lines of the files as they are."""
    monkeypatch.setattr("mlflow_on_kedro.commands.init.own_requirement", lambda: None)
    project.write("pyproject.toml", PYPROJECT.format(package=project.package))
    project.write(
        "conf/base/mlflow.yml",
        "server: {mlflow_tracking_uri: sqlite:///local.db}\ntracking: {run: {nested: true}}\n",
    )
    (project.root / ".gitignore").unlink(missing_ok=True)
    project.write("conf/base/catalog.yml", f"{TWO}wrong: {{type: kedro_mlflow.io.MlflowTensor}}\n")
    result = migrate(project, "--dry-run" if is_dry else "--yes")
    assert "+local.db*\n" in result.output
    dropped = "dropped, without effect here: tracking.run.nested."
    assert f"conf/base/mlflow.yml: {dropped}\n" in result.output
    left = result.output.partition("Left to you:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.strip().partition(": ")[0] for line in left] == (
        ["requirements.txt:2", "pyproject.toml:2", "conf/base/catalog.yml:3"]
        if is_dry
        else ["requirements.txt:2", "pyproject.toml:2", "conf/base/catalog.yml:4"]
    )
    if not is_dry:
        assert "Once you have done what is listed above, `kedro run` tracks" in result.output
        again = migrate(project, "--yes").output.splitlines()
        assert again[0] == "Nothing more can be rewritten. This is left to you:"
        assert again[1:] == left


@pytest.mark.usefixtures("_in_this_process")
def test_a_project_of_this_plugin(make_project: Callable[..., Any]) -> None:
    """It has nothing to rewrite, and is not set up otherwise either."""
    made = make_project(NODES, settings="")
    before = texts(made)
    result = migrate(made, "--yes")
    assert result.output == "Nothing to rewrite: this project is written for this plugin.\n"
    assert texts(made) == before


@pytest.mark.usefixtures("_in_this_process")
def test_all_files_and_all_problems(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All environments and kinds of files; what is left has its file and line."""
    monkeypatch.setattr(plan, "_has_migrate_filestore", lambda: True)
    entry = "x:\n  type: kedro_mlflow.io.metrics.MlflowMetricDataset\n"
    mark = "\ufeff"
    kept = "a: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}\n"
    factory = "from kedro_mlflow.pipeline import pipeline_ml_factory\n"
    write = project.write
    write("conf/prod/catalog/models/a.yaml", mark + entry.replace("\n", "\r\n"))
    write("conf/local/deep/catalog_x.yml", entry)
    write("conf_other/base/catalog.yml", entry)
    write("conf/prod/mlflow.yml", "tracking:\n  run:\n    name: a\n")
    write("conf/prod/catalog.yml", "a: 1\nb:\n\ttype: kedro_mlflow\n")
    write("conf/prod/catalog_y.json", '{"a": {"type": "kedro_mlflow.io.MlflowDataSet"}}')
    write(f"src/{project.package}/ml.py", factory)
    write(f"src/{project.package}/bad.py", "import kedro_mlflow\nif\n")
    write("tests/test_x.py", "from kedro_mlflow.io.models import MlflowModelTrackingDataset\n")
    write("notebooks/a.ipynb", '{\n"import kedro_mlflow"}')
    write(".venv/lib/x.py", factory)
    (project.root / ".venv/pyvenv.cfg").touch()
    latin = project.root / "conf/prod/catalog_z.yml"
    latin.write_bytes(b"# \xe9\n" + kept.encode())
    (project.root / "mlflow.db").unlink()
    write("mlruns/0/meta.yaml", "")
    result = migrate(project, "--yes")
    assert result.exit_code == 0, result.output
    files = texts(project)
    new = b"x:\n  type: mlflow_on_kedro.MLflowDataset\n  dataset: m\n"
    assert files["conf/prod/catalog/models/a.yaml"] == mark.encode() + new.replace(b"\n", b"\r\n")
    assert files["conf/local/deep/catalog_x.yml"] == new
    assert files["conf_other/base/catalog.yml"] == new
    assert files["conf/prod/mlflow.yml"] == b"run:\n  name: a\n"
    assert files[f"src/{project.package}/ml.py"].startswith(b"from mlflow_on_kedro.compat import")
    assert files[".venv/lib/x.py"] == factory.encode()
    left = result.output.partition("Left to you:\n")[2].partition("\n\n")[0]
    assert {line.strip().partition(": ")[0] for line in left.splitlines()} == {
        "conf/prod/catalog.yml:3",
        "conf/prod/catalog_y.json",
        "conf/prod/catalog_z.yml:1",
        f"src/{project.package}/bad.py:2",
        "tests/test_x.py:1",
        "requirements.txt:2",
        "notebooks/a.ipynb:2",
        "mlruns",
    }
    assert (
        "`mlflow migrate-filestore --source mlruns --target sqlite:///mlflow.db`" in result.output
    )
    migrate(project, "--yes")
    assert texts(project) == files


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("line", ['kedro_init_version = "0.18.14"', 'project_version = "0.17.7"'])
def test_a_project_of_an_older_kedro(
    project: Any, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kedro runs no command there; `python -m` runs this one, which mends that, too."""
    monkeypatch.setattr("sys.path", [*sys.path])
    text = PYPROJECT.format(package=project.package)
    project.write("pyproject.toml", text.replace('kedro_init_version = "1.0.0"', line))
    with pytest.raises(ConfigError) as raised:
        start(project.root, ["mlflow", "runs"])
    assert f"has `{line}`" in raised.value.message
    metadata = start(project.root, ["mlflow", "migrate", "--yes"])
    result = CliRunner().invoke(cli, ["mlflow", "migrate", "--yes"], obj=metadata)
    assert result.exit_code == 0, result.output
    assert f"-{line}\n+kedro_init_version" in result.output
    assert start(project.root, ["mlflow", "runs"]).package_name == project.package
    assert b"uri: sqlite:///mlflow.db" in texts(project)["conf/base/mlflow.yml"]


@pytest.mark.usefixtures("_in_this_process")
def test_settings_that_need_other_files(project: Any) -> None:
    """They cannot be tried before those are written, which is said."""
    hooks = "from kedro_mlflow.config import get_mlflow_config\n\nclass Mine:\n    pass\n"
    project.write(f"src/{project.package}/hooks.py", hooks)
    lines = f"from {project.package}.hooks import Mine\n{SETTINGS}"
    project.write(f"src/{project.package}/settings.py", lines)
    result = migrate(project, "--yes")
    assert "settings.py: is rewritten, but could not be tried" in result.output
    assert b"mlflow_hooks()" in texts(project)[f"src/{project.package}/settings.py"]
    assert "hooks.py:1: 'get_mlflow_config' is kedro-mlflow's. Here it is `context.mlflow`" in (
        result.output
    )
