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
EXAMPLE = {{cookiecutter.__example | quoted}}
# In the repository; or beside the template where the two are installed as one package.
IS_INSTALLED = not (ROOT / "plugin_src").is_dir()
PLUGIN = (ROOT.parents[1] if IS_INSTALLED else ROOT / "plugin_src") / "mlflow_on_kedro"
DISTRIBUTION = "mlflow-on-kedro"
PROJECT = Path.cwd()
PACKAGE = PROJECT / "src" / {{cookiecutter.python_package | quoted}}
TESTS = PROJECT / "tests"
RAW = PROJECT / "data" / "01_raw"


def files_of_pipelines(*names: str) -> tuple[Path, ...]:
    """List the modules of pipelines, and their tests."""
    modules = ("__init__", "nodes", "pipeline")
    return (
        *(PACKAGE / "pipelines" / name / f"{module}.py" for name in names for module in modules),
        *(TESTS / "pipelines" / f"test_{name}.py" for name in names),
    )


# What only one of the examples has, by the answer that asks for it; and what both have.
FILES = {
    "yes": (RAW / "wine.csv", *files_of_pipelines("data_processing", "model_training")),
    "llm": (
        RAW / "guide.md",
        RAW / "questions.csv",
        PROJECT / "prompts" / "answer.yml",
        PACKAGE / "chat.py",
        PACKAGE / "stub_model.py",
        PACKAGE / "words.py",
        PACKAGE / "pipelines" / "question_answering" / "scorers.py",
        *files_of_pipelines("question_answering"),
    ),
}
SHARED_FILES = (RAW / "README.md", TESTS / "test_run.py")
# What conf/base/mlflow.yml has beside the defaults.
OPTIONS = {
    "llm": """
autolog:               # MLflow's autologging, by flavor
  openai: true         # each call of the language model is traced

trace: true            # the run is a trace, too: its nodes, and below them what they call
"""
}


def copy_plugin() -> None:
    """Copy the plugin byte for byte, with its version and origin beside it, and its mlflow.yml."""
    copy = PROJECT / "src" / "mlflow_on_kedro"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(PLUGIN, copy, ignore=ignored, dirs_exist_ok=True)
    configuration = PROJECT / "conf" / "base" / "mlflow.yml"
    text = (PLUGIN / "mlflow.yml").read_text(encoding="utf-8") + OPTIONS.get(EXAMPLE, "")
    configuration.write_text(text, encoding="utf-8", newline="\n")
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


def remove_other_examples() -> None:
    """Remove the files of examples that nobody asked for, and the folders that are empty then."""
    unwanted = [file for name, files in FILES.items() if name != EXAMPLE for file in files]
    if EXAMPLE not in FILES:
        unwanted += SHARED_FILES
    for file in unwanted:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in unwanted}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def next_commands() -> str:
    """Say how to go on, in at most six lines."""
    here = Path(os.environ.get("PWD", "")).resolve()
    folder = PROJECT.relative_to(here) if here in PROJECT.parents else PROJECT
    first = (
        [] if EXAMPLE in FILES else ["kedro pipeline create first_steps  # write its nodes, then:"]
    )
    commands = (
        f"cd {shlex.quote(str(folder))}",
        "pip install -r requirements.txt",
        *first,
        "kedro run",
        "kedro mlflow ui",
    )
    return "\n  ".join(("Next:", *commands))


def remove_caches() -> None:
    """Remove what pip has compiled when it installed the template."""
    for folder in PROJECT.rglob("__pycache__"):
        shutil.rmtree(folder, ignore_errors=True)


remove_caches()
copy_plugin()
remove_other_examples()
# A name that the terminal can't show must not make the generation fail.
sys.stdout.reconfigure(errors="replace")
print(next_commands())
