"""Finishes the project: copies the plugin, removes an unwanted example, prints the next steps."""
# ruff: noqa: F821, SLF001 - cookiecutter replaces the names in double braces

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path({{template_root | quoted}})
TEMPLATE = {{cookiecutter._template | default("") | string | quoted}}
EXAMPLE = {{cookiecutter.__example | quoted}} == "yes"
PROJECT = Path.cwd()
PACKAGE = PROJECT / "src" / {{cookiecutter.python_package | quoted}}
EXAMPLE_FILES = (
    PROJECT / "data" / "01_raw" / "wine.csv",
    PROJECT / "data" / "01_raw" / "README.md",
    *(
        PACKAGE / "pipelines" / pipeline / f"{module}.py"
        for pipeline in ("data_processing", "model_training")
        for module in ("__init__", "nodes", "pipeline")
    ),
    PROJECT / "tests" / "test_run.py",
    PROJECT / "tests" / "pipelines" / "test_data_processing.py",
    PROJECT / "tests" / "pipelines" / "test_model_training.py",
)

RECORD = """\
# Where mlflow_on_kedro comes from

The folder `mlflow_on_kedro` beside this file is a copy of the plugin, made when the project was
generated. It is used as it lies here; nothing has to be installed for it.

- version: {version}
- copied from: {origin}

To use the installed package instead, remove the folder and this file, add `mlflow-on-kedro` to
requirements.txt and run `pip install mlflow-on-kedro`. The import name stays `mlflow_on_kedro`, so
nothing else changes.
"""


def copy_plugin() -> None:
    """Copy the plugin byte for byte, with its version and origin beside it, and its mlflow.yml."""
    plugin = ROOT / "plugin_src" / "mlflow_on_kedro"
    shutil.copytree(
        plugin,
        PROJECT / "src" / "mlflow_on_kedro",
        ignore=shutil.ignore_patterns("__pycache__", ".*"),
        dirs_exist_ok=True,
    )
    shutil.copyfile(plugin / "mlflow.yml", PROJECT / "conf" / "base" / "mlflow.yml")
    record = RECORD.format(version=plugin_version(), origin=origin())
    (PROJECT / "src" / "mlflow_on_kedro.md").write_text(record, encoding="utf-8", newline="\n")


def plugin_version() -> str:
    """Read the version of the plugin, which is not imported: it may lack what it needs."""
    text = (ROOT / "plugin_src" / "mlflow_on_kedro" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]


def origin() -> str:
    """Name the template as it was given, without credentials, and its commit where it has one."""
    if re.match(r"[\w+.-]{2,}:|[\w.-]+@", TEMPLATE):
        place = re.sub(r"//[^/@]*@", "//", TEMPLATE)
    else:
        # A path, perhaps relative to the folder in which the user gave the command.
        path = Path(os.environ.get("PWD", ""), TEMPLATE)
        place = str(path.resolve() if TEMPLATE and path.exists() else ROOT)
    if not (ROOT / ".git").exists():
        return place
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return place
    return f"{place}, commit {commit}"


def remove_example() -> None:
    """Remove the example's files, and the folders that are empty then."""
    for file in EXAMPLE_FILES:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in EXAMPLE_FILES}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def next_commands() -> str:
    """Say how to go on, in at most six lines."""
    here = Path(os.environ.get("PWD", "")).resolve()
    folder = PROJECT.relative_to(here) if here in PROJECT.parents else PROJECT
    run = "kedro run" if EXAMPLE else "kedro pipeline create first_steps"
    commands = (
        f"cd {shlex.quote(str(folder))}",
        "pip install -r requirements.txt",
        run,
        "kedro mlflow ui",
    )
    return "\n  ".join(("Next:", *commands))


copy_plugin()
if not EXAMPLE:
    remove_example()
# A name that the terminal can't show must not make the generation fail.
sys.stdout.reconfigure(errors="replace")
print(next_commands())
