"""What lies in a generated project, without running it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from .commands import kedro, run, tree

ALL = ["example", "museum", "wiring"]
# MLflow's variables in prompts look like Jinja.
PROMPTS = {"prompts/answer.yml", "tests/pipelines/test_question_answering.py"}


@pytest.fixture(params=ALL)
def project(request: pytest.FixtureRequest) -> Path:
    """Give the projects with an example, then the one without."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


def read(file: Path) -> str:
    """Read a text file."""
    return file.read_text(encoding="utf-8")


def datasets(project: Path) -> dict[str, dict[str, object]]:
    """Read the catalog."""
    return yaml.safe_load(read(project / "conf" / "base" / "catalog.yml")) or {}


def python(project: Path, code: str) -> str:
    """Run a few lines of Python that can import what is in the project's src folder."""
    path = str(project / "src")
    return run(sys.executable, "-c", code, cwd=project, env={"PYTHONPATH": path}).stdout


def test_ruff_accepts_it(project: Path) -> None:
    """The project obeys its own ruff configuration."""
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".", cwd=project)


def test_nothing_is_left_to_render(project: Path) -> None:
    """No Jinja is left, except in the workflow, where the braces are GitHub's."""
    for name, content in tree(project).items():
        if name != ".github/workflows/ci.yml" and not name.startswith("src/mlflow_on_kedro/"):
            assert b"cookiecutter." not in content, name
            assert (b"{{" in content) == (name in PROMPTS), name
            assert b"{%" not in content, name
            assert content.endswith(b"\n") or not content, name
            assert not content.endswith(b"\n\n"), name
    assert b"${{ matrix.python }}" in tree(project)[".github/workflows/ci.yml"]


def test_no_node_knows_mlflow(example: Path, museum: Path) -> None:
    """There is no MLflow code in the packages of the examples, but for what Kedro reads."""
    for package in (example / "src" / "wine_cellar", museum / "src" / "museum"):
        for name, content in tree(package).items():
            if name not in {"settings.py", "cli.py"}:
                assert b"mlflow" not in content.lower(), name


@pytest.fixture(scope="session")
def described(example: Path) -> dict[str, list[str]]:
    """List datasets of the example, and its nodes with an argument or result without type hint."""
    code = """
import inspect, json
from wine_cellar.pipelines.data_processing import create_pipeline as first
from wine_cellar.pipelines.model_training import create_pipeline as second
untyped = []
for node in (first() + second()).nodes:
    signature = inspect.signature(node.func)
    kinds = [p.annotation for p in signature.parameters.values()] + [signature.return_annotation]
    if inspect.Signature.empty in kinds:
        untyped.append(node.name)
datasets = sorted((first() + second()).datasets())
print(json.dumps({"used": datasets, "inputs": sorted(second().inputs()), "untyped": untyped}))
"""
    found: dict[str, list[str]] = json.loads(python(example, code))
    return found


def test_nodes_have_type_hints(described: dict[str, list[str]]) -> None:
    """Every argument and result of a node is annotated."""
    assert described["untyped"] == []


@pytest.mark.parametrize("kind", ["pkl", "csv", "m", "a", "p", "json", "png"])
def test_the_catalog_shows_kind(kind: str, example: Path) -> None:
    """The example's catalog shows each important kind of dataset."""
    kinds = [
        entry.get("dataset")
        for entry in datasets(example).values()
        if entry["type"] == "mlflow_on_kedro.MLflowDataset"
    ]
    assert kind in kinds


def test_the_catalog_shows_a_dict_backend_and_a_model(example: Path) -> None:
    """Any dataset of kedro-datasets can be the backend; the model is logged both ways."""
    entries = datasets(example)
    assert entries["wines"]["dataset"]["type"] == "pandas.ParquetDataset"
    assert entries["model"]["dataset"] == "pkl"
    assert entries["approved_model"]["type"] == "mlflow_on_kedro.MLflowModelDataset"


def test_the_catalog_is_what_the_pipelines_use(
    example: Path, described: dict[str, list[str]]
) -> None:
    """Every entry is used, and one output of a node is left out on purpose."""
    used = set(described["used"])
    assert set(datasets(example)) <= used
    assert "split_sizes" in used - set(datasets(example))


def test_each_pipeline_can_run_alone(example: Path, described: dict[str, list[str]]) -> None:
    """What the second pipeline needs of the first is on disk: ``--pipelines`` works."""
    inputs = {name for name in described["inputs"] if not name.startswith("params:")}
    assert inputs == {"train_wines", "test_wines"}
    assert inputs <= set(datasets(example))


def test_init_writes_the_same_mlflow_yml(project: Path) -> None:
    """`kedro mlflow init` gives a project the file that the starter gives; mend it by copying."""
    starters = read(project / "conf" / "base" / "mlflow.yml")
    common = read(project / "src" / "mlflow_on_kedro" / "mlflow.yml")
    assert starters.startswith(common)
    options = yaml.safe_load(starters.removeprefix(common))
    traced = {"autolog": {"openai": True}, "trace": True} if project.name == "museum" else None
    assert options == traced


def test_the_shipped_mlflow_yml_equals_the_defaults(project: Path) -> None:
    """Every key of mlflow.yml is there with the default of the plugin's configuration."""
    code = """
import yaml
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config
content = yaml.safe_load(open("src/mlflow_on_kedro/mlflow.yml", encoding="utf-8"))
assert parse(content) == Config(), content
print(*content)
"""
    sections = python(project, code).split()
    assert {"enabled", "tracking", "experiment", "run", "params", "catalog"} <= set(sections)


def test_comments_explain_and_files_are_short(project: Path) -> None:
    """The prewired files are commented, and none is longer than a screen or two."""
    package = next(path.parent for path in (project / "src").glob("*/settings.py"))
    for file, longest in (
        (package / "settings.py", 25),
        (package / "cli.py", 10),
        (project / "conf" / "base" / "mlflow.yml", 60),
        (project / "conf" / "base" / "catalog.yml", 70),
        (project / "conf" / "base" / "parameters.yml", 20),
    ):
        lines = read(file).splitlines()
        assert 1 < len(lines) <= longest or file.name == "parameters.yml", file
        assert any("#" in line for line in lines), file
        assert max(map(len, lines)) <= 120, file


def test_the_data_says_where_it_comes_from(example: Path) -> None:
    """The bundled CSV file is small, real, and has its source and licence beside it."""
    raw = example / "data" / "01_raw"
    header, *rows = read(raw / "wine.csv").splitlines()
    assert header.startswith("cultivar,alcohol,malic_acid")
    assert len(rows) == 178
    assert "CC BY 4.0" in read(raw / "README.md")
    assert "doi.org" in read(raw / "README.md")


def test_without_the_example(wiring: Path) -> None:
    """``example: no`` keeps the wiring, and nothing of the wine."""
    files = tree(wiring)
    for name, content in files.items():
        if not name.startswith("src/mlflow_on_kedro"):
            assert "wine" not in name
            # mlflow.yml has a tag as an example
            assert b"wine" not in content.replace(b"{team: wine}", b""), name
    for part in ("conf/base/mlflow.yml", "conf/base/catalog.yml", "data/01_raw/.gitkeep"):
        assert part in files
    assert b"HOOKS = mlflow_hooks()" in files["src/nur_kabel_1_zh/settings.py"]
    assert not any(folder.is_dir() and not any(folder.iterdir()) for folder in wiring.rglob("*"))


def test_each_example_is_alone(example: Path, museum: Path) -> None:
    """A project has the files of its own example only."""
    for project, own, other in ((example, b"wine", b"museum"), (museum, b"museum", b"wine")):
        files = {
            name: content.lower().replace(b"{team: wine}", b"")
            for name, content in tree(project).items()
            if not name.startswith("src/mlflow_on_kedro")
        }
        assert any(own in content for content in files.values())
        assert [name for name, content in files.items() if other in content] == []


def test_git_takes_what_belongs_to_the_project(copied: Path) -> None:
    """.gitignore keeps out stores, results and secrets, and lets everything generated in."""
    generated = set(tree(copied))
    unwanted = (
        ".mlflow_on_kedro/journal.jsonl",
        ".venv/bin/python",
        "conf/base/credentials.yml",
        "conf/local/mlflow.yml",
        "data/02_intermediate/wines.parquet",
        "data/mlflow/model.pkl",
        "dist/wine_cellar.whl",
        "mlflow.db",
        "mlflow.db-wal",
        "mlruns/1/artifact",
        "src/wine_cellar.egg-info/PKG-INFO",
        "src/wine_cellar/__pycache__/settings.pyc",
    )
    for name in unwanted:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_text("", encoding="utf-8")
    run("git", "init", "--quiet", cwd=copied)
    run("git", "add", "--all", cwd=copied)
    assert set(run("git", "ls-files", cwd=copied).stdout.split()) == generated


def test_the_workflow_does_what_the_readme_says(project: Path) -> None:
    """The GitHub workflow is valid YAML and runs ruff and the tests."""
    workflow = yaml.safe_load(read(project / ".github" / "workflows" / "ci.yml"))
    commands = [step.get("run", "") for step in workflow["jobs"]["test"]["steps"]]
    readme = read(project / "README.md")
    for command in ("ruff check .", "ruff format --check .", "pytest", 'pip install -e ".[dev]"'):
        assert command in commands
        assert command in readme


def test_the_readme_answers(project: Path) -> None:
    """How to run it, where to look, how to use a server, how to replace the copied plugin."""
    readme = read(project / "README.md")
    for words in ("kedro run", "kedro mlflow ui", "MLFLOW_TRACKING_URI", "src/mlflow_on_kedro.md"):
        assert words in readme
    for path in re.findall(r"\| `(\S+?)` \|", readme):
        assert (project / path).exists(), path


def test_kedro_mlflow_ui_is_a_command(example: Path) -> None:
    """cli.py gives the project ``kedro mlflow ui``, beside Kedro's own commands."""
    assert "--port" in kedro("mlflow", "ui", "--help", cwd=example)
    assert "--pipelines" in kedro("run", "--help", cwd=example)


def test_a_missing_plugin_is_said(copied: Path) -> None:
    """Without the plugin, the last line says what to install."""
    shutil.rmtree(copied / "src" / "mlflow_on_kedro")
    output = kedro("run", cwd=copied, expect=1, env={"PYTHONPATH": ""})
    assert "install the package" in output.splitlines()[-1]


def test_an_error_inside_the_plugin_is_not_taken_for_a_missing_one(copied: Path) -> None:
    """An import error of something else keeps its own message."""
    (copied / "src" / "mlflow_on_kedro" / "__init__.py").write_text("import absent_package\n")
    output = kedro("run", cwd=copied, expect=1)
    assert "No module named 'absent_package'" in output
    assert "install the package" not in output
