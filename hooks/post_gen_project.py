"""Finishes the project: copies the plugin, removes an unwanted example, prints the next steps."""
# ruff: noqa: F821, SLF001 - cookiecutter replaces the names in double braces

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path({{template_root | quoted}})
TEMPLATE = {{cookiecutter._template | default("") | string | quoted}}
EXAMPLE = {{cookiecutter.__example | quoted}} == "yes"
# In the repository; or beside the template where the two are installed as one package.
IS_INSTALLED = not (ROOT / "plugin_src").is_dir()
PLUGIN = (ROOT.parents[1] if IS_INSTALLED else ROOT / "plugin_src") / "mlflow_on_kedro"
DISTRIBUTION = "mlflow-on-kedro"
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


def copy_plugin() -> None:
    """Copy the plugin byte for byte, with its version and origin beside it, and its mlflow.yml."""
    copy = PROJECT / "src" / "mlflow_on_kedro"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(PLUGIN, copy, ignore=ignored, dirs_exist_ok=True)
    shutil.copyfile(PLUGIN / "mlflow.yml", PROJECT / "conf" / "base" / "mlflow.yml")
    # Run by path: the plugin itself may lack what it needs.
    records = runpy.run_path(str(PLUGIN / "vendoring" / "record.py"), run_name="record")
    origin, requirement = installed_from() or generated_from()
    record = records["Record"](
        records["version_of"](copy), origin, requirement, records["digest"](copy)
    )
    path = PROJECT / "src" / records["FILE"]
    path.write_text(record.to_text(), encoding="utf-8", newline="\n")


def installed_from() -> tuple[str, str] | None:
    """Name the installed package, and the requirement that installs it; None: a repository."""
    if not IS_INSTALLED:
        return None
    from mlflow_on_kedro.utils.installation import requirement

    package = metadata.distribution(DISTRIBUTION)
    place, line = f"the installed package {DISTRIBUTION} {package.version}", requirement(package)
    _, _, address = line.partition(" @ ")
    return (f"{place}, from {address}" if address else place), line


def generated_from() -> tuple[str, str]:
    """Name the template as it was given, without credentials, and the requirement that installs it.

    Both have its commit where it has one.
    """
    commit = git("rev-parse", "HEAD")
    if re.match(r"[\w+.-]{2,}:|[\w.-]+@", TEMPLATE):
        place = without_credentials(TEMPLATE)
        # The clone knows the whole address of gh:owner/name, too.
        address = without_credentials(git("remote", "get-url", "origin")) or place
        if commit:
            address = re.sub(r"^([\w.-]+@[\w.-]+):", r"ssh://\1/", address)  # git@host:path
            address = f"git+{address}@{commit}"
    else:
        # A path, perhaps relative to the folder in which the user gave the command.
        path = Path(os.environ.get("PWD", ""), TEMPLATE)
        folder = path.resolve() if TEMPLATE and path.exists() else ROOT
        place, address = str(folder), folder.as_uri()
    return (f"{place}, commit {commit}" if commit else place), f"{DISTRIBUTION} @ {address}"


def without_credentials(url: str) -> str:
    """Remove the user and the password from a URL, but for the user of ssh."""
    return re.sub(r"(?<!ssh:)//[^/@]*@", "//", url)


def git(*arguments: str) -> str:
    """Ask git about the template; "" if the template is no repository, or git is missing."""
    if not (ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


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


def remove_caches() -> None:
    """Remove what pip has compiled when it installed the template."""
    for folder in PROJECT.rglob("__pycache__"):
        shutil.rmtree(folder, ignore_errors=True)


remove_caches()
copy_plugin()
if not EXAMPLE:
    remove_example()
# A name that the terminal can't show must not make the generation fail.
sys.stdout.reconfigure(errors="replace")
print(next_commands())
