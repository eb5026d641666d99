"""Every way to generate a project gives the same project, with the plugin byte for byte."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import kedro as installed_kedro
import pytest
import yaml

from .commands import OLD_LINE, OLD_TAG, Bake, Template, cookiecutter, kedro, run, tree

NAME = "Wine Cellar"
REPO = "wine-cellar"
CONFIG = "kedro --config"
# What only differs from `--name` in how Kedro gets the values is for one source, and `make slow`.
TOOLS = ("cookiecutter", "kedro --name", pytest.param(CONFIG, marks=pytest.mark.slow))
# Says where the copy comes from, so it differs.
RECORD = "src/mlflow_on_kedro.md"


def generate(tool: str, *source: str | Path, cwd: Path, output: Path | None = None) -> Path:
    """Generate the project with one of the tools, and return its folder."""
    output = output or cwd
    if tool == "cookiecutter":
        name = f"project_name={NAME}"
        cookiecutter(*source, "--no-input", "--output-dir", output, name, cwd=cwd)
    elif tool == "kedro --name":
        kedro("new", "--starter", *source, "--name", NAME, cwd=output)
    else:
        config = cwd / "config.yml"
        values = {"project_name": NAME, "output_dir": str(output)}
        config.write_text(yaml.safe_dump(values), encoding="utf-8")
        kedro("new", "--starter", *source, "--config", config, cwd=cwd)
    return output / REPO


def plugin_of(template: Template) -> dict[str, bytes]:
    """Read the plugin's files in the template."""
    return tree(template.folder / "plugin_src" / "mlflow_on_kedro")


def assert_complete(project: Path, template: Template, example: Path) -> None:
    """Check that a project has the plugin byte for byte, and every file that it should have."""
    assert tree(project / "src" / "mlflow_on_kedro") == plugin_of(template)
    assert set(tree(project)) - {".cruft.json"} == set(tree(example))
    for name, content in tree(example).items():
        # `kedro new` records the version of Kedro that it is.
        if name not in (RECORD, "pyproject.toml"):
            assert (project / name).read_bytes() == content, name


@pytest.mark.parametrize("tool", [*TOOLS[:2], CONFIG])
def test_absolute_path(tool: str, template: Template, example: Path, tmp_path: Path) -> None:
    """The template can be given as an absolute path."""
    assert_complete(generate(tool, template.folder, cwd=tmp_path), template, example)


@pytest.mark.parametrize("tool", TOOLS)
def test_relative_path(tool: str, template: Template, example: Path, tmp_path: Path) -> None:
    """The template can be given as a relative path, while the project goes somewhere else."""
    here = template.folder.parent
    output = tmp_path / "elsewhere"
    output.mkdir()
    if tool == "kedro --name":  # has no option for the output folder
        output = here / "elsewhere"
        output.mkdir()
        project = generate(tool, Path("..", template.folder.name), cwd=output)
    else:
        project = generate(tool, template.folder.name, cwd=here, output=output)
    assert_complete(project, template, example)


@pytest.mark.parametrize("tool", TOOLS)
def test_git_url(tool: str, template: Template, example: Path, tmp_path: Path) -> None:
    """The template can be given as the URL of a git repository; then its last commit is used."""
    assert_complete(generate(tool, template.url, cwd=tmp_path), template, example)


@pytest.mark.parametrize("tool", TOOLS)
def test_checkout_of_a_tag(tool: str, template: Template, tmp_path: Path) -> None:
    """``--checkout`` takes the plugin of that version, not of the last one."""
    project = generate(tool, template.url, "--checkout", OLD_TAG, cwd=tmp_path)
    expected = plugin_of(template)
    expected["__init__.py"] += OLD_LINE
    assert tree(project / "src" / "mlflow_on_kedro") == expected


@pytest.mark.parametrize("tool", TOOLS)
def test_zip(tool: str, template: Template, example: Path, tmp_path: Path) -> None:
    """The template can be given as a zip file, as GitHub makes them."""
    archive = tmp_path / "download" / "template.zip"
    archive.parent.mkdir()
    template.git("archive", "--prefix=template/", f"--output={archive}", "HEAD")
    assert_complete(generate(tool, archive, cwd=tmp_path), template, example)


@pytest.mark.parametrize("tool", ["cookiecutter", "kedro --name"])
def test_directory(tool: str, template: Template, example: Path, tmp_path: Path) -> None:
    """The template can lie in a folder of a repository (``--directory``)."""
    source = (template.folder.parent, "--directory", template.folder.name)
    assert_complete(generate(tool, *source, cwd=tmp_path), template, example)


def test_replay(template: Template, example: Path, tmp_path: Path) -> None:
    """``cookiecutter --replay`` generates the last project once more."""
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    generate("cookiecutter", template.folder, cwd=first)
    cookiecutter(template.folder, "--replay", "--output-dir", again, cwd=tmp_path)
    assert_complete(again / REPO, template, example)


def test_pytest_cookies(bake: Bake, template: Template, example: Path) -> None:
    """The template can be tested with pytest-cookies."""
    result = bake(project_name=NAME)
    assert result.exception is None
    assert_complete(result.project_path, template, example)


def test_twice_over_itself(template: Template, example: Path, tmp_path: Path) -> None:
    """A project can be generated over itself."""
    generate("cookiecutter", template.folder, cwd=tmp_path)
    project = generate("cookiecutter", template.folder, "--overwrite-if-exists", cwd=tmp_path)
    assert_complete(project, template, example)


def test_cruft(template: Template, tmp_path: Path) -> None:
    """``cruft create`` has the plugin, and ``cruft update`` brings a newer one."""
    cruft = (sys.executable, "-m", "cruft")
    values = json.dumps({"project_name": NAME, "python_package": "cellar", "example": "no"})
    options = ("--no-input", "--checkout", OLD_TAG, "--extra-context", values)
    run(*cruft, "create", template.folder, *options, cwd=tmp_path)
    project = tmp_path / REPO
    assert (project / "src/mlflow_on_kedro/__init__.py").read_bytes().endswith(OLD_LINE)

    settings = project / "src" / "cellar" / "settings.py"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com")
    run(*git, "init", "--quiet", cwd=project)
    run(*git, "add", "--all", cwd=project)
    run(*git, "commit", "--quiet", "--message=Mine", cwd=project)
    run(*cruft, "update", "--skip-apply-ask", "--checkout", "main", cwd=project)

    assert tree(project / "src" / "mlflow_on_kedro") == plugin_of(template)
    assert template.git("rev-parse", "HEAD").strip() in (project / RECORD).read_text("utf-8")
    assert settings.read_text(encoding="utf-8").endswith("# mine\n")
    assert not list(project.rglob("*.rej"))
    assert not (project / "src" / "cellar" / "pipelines" / "model_training").exists()


def test_without_hooks(template: Template, tmp_path: Path) -> None:
    """The known price of ``--accept-hooks no``: no plugin, and a message that says what to do."""
    generate("cookiecutter", template.folder, "--accept-hooks", "no", cwd=tmp_path)
    project = tmp_path / REPO
    assert not (project / "src" / "mlflow_on_kedro").exists()
    output = kedro("run", cwd=project, expect=1, env={"PYTHONPATH": ""})
    assert "install the package" in output.splitlines()[-1]


def test_kedro_asks_for_the_name_only(template: Template, tmp_path: Path) -> None:
    """One line of input is all that ``kedro new`` wants; the line may be hard to write down."""
    output = kedro("new", "--starter", template.folder, cwd=tmp_path, stdin="Weiß & #2: 🍷\n")
    assert [line for line in output.splitlines() if set(line) == {"="}] == ["=" * 12]
    assert (tmp_path / "weiss-2" / "src" / "weiss_2").is_dir()


def test_kedro_takes_other_variables_from_a_file(template: Template, tmp_path: Path) -> None:
    """``--config`` gives the folder, the package and the example; YAML's ``no`` is a no."""
    config = tmp_path / "config.yml"
    config.write_text(
        "project_name: Cellar\nrepo_name: the cellar\npython_package: cave\nexample: no\n",
        encoding="utf-8",
    )
    kedro("new", "--starter", template.folder, "--config", config, cwd=tmp_path)
    project = tmp_path / "the cellar"
    assert (project / "src" / "cave" / "settings.py").is_file()
    assert not (project / "src" / "cave" / "pipelines" / "model_training").exists()


def test_kedro_version(template: Template, example: Path, tmp_path: Path) -> None:
    """``kedro new`` records its version; plain cookiecutter a concrete one."""
    project = generate("kedro --name", template.folder, cwd=tmp_path)
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert f'kedro_init_version = "{installed_kedro.__version__}"' in text
    default = json.loads((template.folder / "cookiecutter.json").read_text("utf-8"))
    text = (example / "pyproject.toml").read_text(encoding="utf-8")
    assert f'kedro_init_version = "{default["kedro_version"]}"' in text


@pytest.mark.parametrize(
    ("source", "origin", "requirement"),
    [
        ("{folder}", "{folder}, commit {commit}", "file://{folder}"),
        ("{url}", "{url}, commit {commit}", "{url}@{commit}"),
    ],
)
def test_the_copy_is_recorded(
    source: str, origin: str, requirement: str, template: Template, tmp_path: Path
) -> None:
    """A short file beside the plugin says its version and origin, and how to install it."""
    values = {
        "folder": template.folder,
        "url": template.url,
        "commit": template.git("rev-parse", "HEAD").strip(),
    }
    project = generate("cookiecutter", source.format(**values), cwd=tmp_path)
    record = (project / RECORD).read_text(encoding="utf-8")
    package = template.folder / "plugin_src" / "mlflow_on_kedro"
    text = (package / "__init__.py").read_text(encoding="utf-8")
    version = record.split("- version: ")[1].splitlines()[0]
    assert f'\n__version__ = "{version}"\n' in text
    assert f"- copied from: {origin.format(**values)}\n" in record
    assert f"\n    mlflow-on-kedro @ {requirement.format(**values)}\n" in record


@pytest.mark.parametrize("answer", ["yes", "llm", "no"])
def test_next_commands(answer: str, template: Template, tmp_path: Path) -> None:
    """Generation ends with the next commands, in at most six lines."""
    values = (f"project_name={NAME}", f"example={answer}")
    lines = cookiecutter(template.folder, "--no-input", *values, cwd=tmp_path).splitlines()
    assert len(lines) <= 6
    is_empty = any(line.strip().startswith("kedro pipeline create") for line in lines)
    assert is_empty == (answer == "no")
    assert "  kedro run" in lines
    assert any("pip install -r requirements.txt" in line for line in lines)
    assert any(line.strip().startswith("cd ") and line.endswith(REPO) for line in lines)
