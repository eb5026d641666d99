"""Names: derived as Kedro does, refused before anything is written, and quoted where they go."""

from __future__ import annotations

import ast
import compileall
import json
import os
import runpy
import sys
from pathlib import Path

import jinja2
import kedro as installed_kedro
import pytest
import yaml

from .commands import REPOSITORY, Bake, Template, cookiecutter, kedro, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = runpy.run_path(str(REPOSITORY / "hooks" / "names.py"))
REFUSAL = "Cannot generate the project"
REFUSED = [
    ("python_package=1st", "not a Python identifier"),
    ("python_package=with-hyphen", "not a Python identifier"),
    ("python_package=", "not a Python identifier"),
    ("python_package=../up", "not a Python identifier"),
    ("python_package=class", "a Python keyword"),
    ("python_package=None", "a Python keyword"),
    ("python_package=email", "Python's standard library"),
    ("python_package=secrets", "Python's standard library"),
    *(
        (f"python_package={package}", "a package that the project needs")
        for package in (
            "kedro",
            "kedro_datasets",
            "matplotlib",
            "mlflow",
            "mlflow_on_kedro",
            "numpy",
            "omegaconf",
            "pandas",
            "Pandas",
            "plotly",
            "pyarrow",
            "pytest",
            "scipy",
            "sklearn",
            "sqlalchemy",
            "src",
            "tests",
            "yaml",
        )
    ),
    ("python_package=aux", "reserved name on Windows"),
    ("python_package=\ufb01le", "normal form"),
    ("project_name=MLflow", "a package that the project needs"),
    ("project_name=2024 Forecast", "not a Python identifier"),
    ("project_name=two\nlines", "a line break"),
    ("project_name=bell\a", "a control character"),
    ("repo_name=", "is empty"),
    ("repo_name=a/b", "path separator"),
    ("repo_name=a\\b", "path separator"),
    ("repo_name=../up", "path separator"),
    ("repo_name=/tmp/absolute", "path separator"),
    ("repo_name=.hidden", "begins with a dot"),
    ("repo_name=..", "begins with a dot"),
    ("repo_name=-rf", "letters, digits"),
    ("repo_name=a:b", "letters, digits"),
    ("repo_name=CON", "reserved name on Windows"),
    ("repo_name=nul.txt", "reserved name on Windows"),
    ("repo_name=COM1", "reserved name on Windows"),
    ("repo_name=dot.", "ends with a dot"),
    ("repo_name=space ", "ends with a dot or a space"),
    ("example=perhaps", "example must be yes, no or llm"),
]
ODD = [
    'My "quoted" project',
    "Tom's # 1: red",
    "Проект данных",
    "数据 项目",
    "Rocket 🚀 and 👩\u200d🔬",
    "Back\\slash \\n",
    "a = [b], {c}: | > & * ! % @ `d`",
    "🍷",
]


@pytest.mark.parametrize(
    "project_name", ["My Project", " Wine-Cellar_2 ", "CamelCase", "two  spaces", "x"]
)
def test_names_are_derived_as_kedro_does(project_name: str) -> None:
    """For names that work with Kedro's own template, folder and package are called the same."""
    path = Path(installed_kedro.__file__).parent / "templates" / "project" / "cookiecutter.json"
    for variable, template in json.loads(path.read_text(encoding="utf-8")).items():
        if variable in ("repo_name", "python_package"):
            context = {"cookiecutter": {"project_name": project_name}}
            assert NAMES[variable](project_name) == jinja2.Template(template).render(context)


@pytest.mark.parametrize(
    ("project_name", "repo_name", "python_package"),
    [
        ("Проект данных", "proekt-dannykh", "proekt_dannykh"),
        ("Tom's # 1: red", "tom-s-1-red", "tom_s_1_red"),
        ("v1.5", "v1.5", "v1_5"),
        ("ends.", "ends", "ends"),
        ("🍷", "new-kedro-project", "new_kedro_project"),
    ],
)
def test_other_names_are_spelt_in_ascii(
    project_name: str, repo_name: str, python_package: str
) -> None:
    """Where Kedro's rule gives no portable name, an ASCII spelling is taken."""
    assert NAMES["repo_name"](project_name) == repo_name
    assert NAMES["python_package"](project_name) == python_package


@pytest.mark.parametrize(("given", "problem"), REFUSED)
def test_refused(given: str, problem: str, bake: Bake, tmp_path: Path) -> None:
    """A name that would give a broken project is refused, and nothing is left behind."""
    before = set(tmp_path.rglob("*"))
    variable, _, value = given.partition("=")
    result = bake(**{variable: value})
    assert result.exit_code not in (0, None)
    assert problem in str(result.exception)
    # pytest-cookies makes the output folder (cookies/bake00) itself.
    left = set(tmp_path.rglob("*")) - before
    assert {path.name for path in left} <= {"cookies", "bake00"}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("python_package=1st", "not a Python identifier"),
        ("python_package=mlflow", "a package that the project needs"),
        ("repo_name=../up", "path separator"),
        ("example=perhaps", "example must be yes, no or llm"),
    ],
)
@pytest.mark.parametrize("tool", ["cookiecutter", "kedro"])
def test_the_command_says_one_clear_message(
    tool: str, given: str, problem: str, template: Template, tmp_path: Path
) -> None:
    """Exit code 1, the message once, no traceback, and no folder left."""
    output = tmp_path / "output"
    output.mkdir()
    if tool == "cookiecutter":
        said = cookiecutter(template.folder, "--no-input", given, cwd=output, expect=1)
        assert len(said.splitlines()) == 1
    else:
        config = tmp_path / "config.yml"
        variable, _, value = given.partition("=")
        values = {"project_name": "Wine Cellar", variable: value}
        config.write_text(yaml.safe_dump(values), encoding="utf-8")
        said = kedro("new", "-s", template.folder, "-c", config, cwd=output, expect=1)
    assert said.count(REFUSAL) == 1
    assert problem in said
    assert "Traceback" not in said
    assert "NoneType" not in said
    assert not list(output.iterdir())
    assert not (tmp_path / "up").exists()


def test_replay_is_checked_too(template: Template, tmp_path: Path) -> None:
    """A replay file is not rendered again: the hook refuses its names, and removes the folder."""
    output = tmp_path / "output"
    output.mkdir()
    cookiecutter(template.folder, "--no-input", cwd=output)
    config = yaml.safe_load(Path(os.environ["COOKIECUTTER_CONFIG"]).read_text(encoding="utf-8"))
    written = Path(config["replay_dir"]) / f"{template.folder.name}.json"
    context = json.loads(written.read_text(encoding="utf-8"))
    context["cookiecutter"].update(repo_name="wrong", python_package="mlflow")
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(context), encoding="utf-8")
    said = cookiecutter(
        template.folder, "--replay-file", file, "--output-dir", output, cwd=tmp_path, expect=1
    )
    assert said.count(REFUSAL) == 1
    assert not (output / "wrong").exists()


@pytest.mark.parametrize("value", ["no", "No", "n", False, "false", "0"])
def test_ways_to_say_no(value: object, bake: Bake) -> None:
    """The variable ``example`` takes what people and YAML files write for no."""
    result = bake(project_name="Wine Cellar", example=value)
    assert result.exception is None
    package = result.project_path / "src" / "wine_cellar"
    assert [path.name for path in (package / "pipelines").iterdir()] == ["__init__.py"]


def test_odd_project_names(bake: Bake, tmp_path: Path) -> None:
    """Quotes, #, :, other scripts and emoji give valid TOML, YAML and Python that ruff accepts."""
    for name, example in [*((name, "yes") for name in ODD), (ODD[0], "no")]:
        result = bake(project_name=name, example=example)
        assert result.exception is None, result.exception
        project = result.project_path
        pyproject = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        assert pyproject["tool"]["kedro"]["project_name"] == name
        for file in (*project.rglob("*.yml"), *project.rglob("*.yaml")):
            yaml.safe_load(file.read_text(encoding="utf-8"))
        assert compileall.compile_dir(project, quiet=2)
    ruff = (sys.executable, "-m", "ruff")
    run(*ruff, "check", "--no-cache", ".", cwd=tmp_path)
    run(*ruff, "format", "--no-cache", "--check", ".", cwd=tmp_path)


@pytest.mark.parametrize("package", ["a", "zzz_" + "long_" * 12 + "name", "проект_1", "_private"])
def test_odd_packages(package: str, bake: Bake) -> None:
    """However short, long or foreign the package's name is, ruff accepts the project."""
    result = bake(project_name="Wine Cellar", python_package=package)
    assert result.exception is None
    pyproject = tomllib.loads((result.project_path / "pyproject.toml").read_text("utf-8"))
    name = pyproject["project"]["name"]
    assert name.isascii()
    assert name.strip("_") == name
    ruff = (sys.executable, "-m", "ruff")
    run(*ruff, "check", "--no-cache", ".", cwd=result.project_path)
    run(*ruff, "format", "--no-cache", "--check", ".", cwd=result.project_path)


@pytest.mark.parametrize("text", ['a "b" \\ c', "🚀 ж 数", "# : {}", "tab\\t"])
def test_quoted_means_the_same_everywhere(text: str) -> None:
    """What ``quoted`` writes is the same text to TOML, YAML, JSON and Python."""
    written = NAMES["quoted"](text)
    assert tomllib.loads(f"x = {written}")["x"] == text
    assert yaml.safe_load(f"x: {written}")["x"] == text
    assert json.loads(written) == text
    assert ast.literal_eval(written) == text
