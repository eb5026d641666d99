"""A Jinja extension: tells the hooks where this repository lies, and checks names in time.

Cookiecutter creates the project's folder before it runs the first hook, so a bad name has to be
refused earlier: while the context is rendered. ``SystemExit`` is the one exception whose message
both cookiecutter and ``kedro new`` show, once and without a traceback.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

ROOT = Path(__file__).resolve().parent
# Run by path: a plain import of "hooks" could find another package of that name.
NAMES = runpy.run_path(str(ROOT / "hooks" / "names.py"))


class TemplateRoot(Extension):
    """Adds ``template_root`` and the filters that cookiecutter.json and the template use."""

    def __init__(self, environment: Environment) -> None:
        """Register everything in cookiecutter's environment."""
        super().__init__(environment)
        environment.globals["template_root"] = str(ROOT)
        environment.filters["checked"] = checked
        for name in ("repo_name", "python_package", "distribution", "quoted", "markdown"):
            environment.filters[name] = NAMES[name]
        environment.filters["example"] = example


def checked(context: Mapping[str, Any]) -> str:
    """Refuse names that would give a broken project, before anything is written.

    Args:
        context: cookiecutter's variables.

    Returns:
        "yes", when nothing is wrong.

    Raises:
        SystemExit: A name is refused.
    """
    message = NAMES["refusal"](
        context["project_name"], context["repo_name"], context["python_package"]
    )
    if message:
        raise SystemExit(message)
    return "yes"


def example(value: object) -> str:
    """Read the variable ``example``; YAML and JSON files give it as a boolean.

    Args:
        value: What the user gave.

    Returns:
        "yes", "no" or "llm".

    Raises:
        SystemExit: It is none of them.
    """
    answer = NAMES["ANSWERS"].get(str(value).strip().lower())
    if answer is None:
        raise SystemExit(f"Cannot generate the project: example must be yes, no or llm: {value!r}.")
    return str(answer)
