"""Names of the generated project: derived as Kedro does, refused where they would break it."""

from __future__ import annotations

import json
import keyword
import re
import sys
import unicodedata
from collections.abc import Callable

from slugify import slugify

ANSWERS = {
    **dict.fromkeys(("yes", "y", "true", "t", "on", "1"), "yes"),
    **dict.fromkeys(("no", "n", "false", "f", "off", "0"), "no"),
    "llm": "llm",
}
# Used when nothing of a project's name can be written in ASCII: Kedro's own default.
FALLBACK = "new-kedro-project"

# Top-level modules of what the project needs, and of what that needs in turn, in lower case: a
# package of the same name in src/ would be imported instead of them.
_MODULES = """
_plotly_utils _pytest _yaml aiohttp alembic annotated_types anyio appdirs arrow attr attrs
binaryornot blinker build cachetools certifi cffi charset_normalizer click cloudpickle contourpy
cookiecutter cryptography cycler databricks dateutil docker dotenv dynaconf fastapi flask
flask_cors fonttools frozenlist fsspec git gitdb google graphene graphql graphql_relay greenlet
gunicorn h11 huey idna importlib_metadata importlib_resources iniconfig itsdangerous jinja2
joblib kedro kedro_datasets kedro_telemetry kiwisolver lazy_loader mako markdown_it markupsafe
matplotlib mdurl mlflow mlflow_on_kedro more_itertools mpl_toolkits narwhals numpy omegaconf
opentelemetry packaging pandas parse pil pip pkg_resources plotly pluggy prettytable propcache
py pyarrow pydantic pydantic_core pygments pylab pyparsing pyproject_hooks pytest pytz requests
rich ruff scipy setuptools shellingham six skinny sklearn skops slugify smmap sqlalchemy
sqlparse src starlette test tests text_unidecode threadpoolctl tomli typer typing_extensions
typing_inspection tzdata urllib3 uvicorn wcwidth werkzeug wheel yaml yarl zipp
"""
NEEDED = frozenset(_MODULES.split())
STANDARD = frozenset(module.lower() for module in sys.stdlib_module_names)
# Windows takes these for devices, whatever their case and whatever follows a dot.
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
WINDOWS = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)


# In each table: what is wrong, and how to say it; the first that holds is said.
Rules = tuple[tuple[Callable[[str], object], str], ...]
PROJECT_RULES: Rules = (
    (
        # Surrogates and separators of lines can't be written in TOML or in a heading either.
        lambda name: {unicodedata.category(sign) for sign in name} & {"Cc", "Cs", "Zl", "Zp"},
        "has a control character or a line break",
    ),
)
REPO_RULES: Rules = (
    (lambda name: not name, "is empty"),
    (lambda name: re.search(r"[/\\]", name), "has a path separator"),
    (lambda name: name.startswith("."), "begins with a dot"),
    (lambda name: name.endswith((".", " ")), "ends with a dot or a space, which Windows removes"),
    (
        lambda name: name.partition(".")[0].strip().lower() in WINDOWS,
        "is a reserved name on Windows",
    ),
    (
        lambda name: not re.fullmatch(r"\w[\w .-]*", name),
        "may have letters, digits, spaces and . _ - only, beginning with a letter or digit",
    ),
)
PACKAGE_RULES: Rules = (
    (lambda name: not name.isidentifier(), "is not a Python identifier"),
    (keyword.iskeyword, "is a Python keyword"),
    (
        lambda name: name.lower() in STANDARD,
        "would hide a module of Python's standard library",
    ),
    (lambda name: name.lower() in NEEDED, "would hide a package that the project needs"),
    (lambda name: name.lower() in WINDOWS, "is a reserved name on Windows"),
    (
        # Python looks for the normalised name, so it would not find the folder.
        lambda name: name != unicodedata.normalize("NFKC", name),
        "is not in Unicode's normal form NFKC, so Python could not import it",
    ),
)


def repo_name(project_name: str) -> str:
    """Derive the folder's name, as Kedro does where that gives a portable one.

    Args:
        project_name: The project's name, for people.

    Returns:
        Kedro's name for the folder; for names with other signs than letters and digits, or in
        other scripts, an ASCII spelling.
    """
    name = str(project_name).strip().replace(" ", "-").replace("_", "-").lower()
    if name.isascii() and not _first(REPO_RULES, name):
        return name
    return slugify(str(project_name)) or FALLBACK


def python_package(project_name: str) -> str:
    """Derive the package's name, as Kedro does where that gives an importable one.

    Args:
        project_name: The project's name, for people.

    Returns:
        Kedro's name for the package, or an ASCII spelling, as for ``repo_name``.
    """
    name = str(project_name).strip().replace(" ", "_").replace("-", "_").lower()
    if name.isascii() and name.isidentifier():
        return name
    return (slugify(str(project_name)) or FALLBACK).replace("-", "_")


def distribution(package: str) -> str:
    """Name the distribution: packaging tools take ASCII only, Python's identifiers more.

    Args:
        package: The package's name.

    Returns:
        The same name where that is a valid one for a distribution.
    """
    return slugify(str(package), separator="_", lowercase=False) or FALLBACK


def quoted(text: str) -> str:
    """Write a text so that TOML, YAML and Python all read it as one string.

    JSON without ASCII escapes is what they have in common: an escaped emoji would be two
    surrogates, which is an error in TOML and another text in YAML and Python.

    Args:
        text: Any text without control characters.

    Returns:
        The text in double quotes.
    """
    return json.dumps(str(text), ensure_ascii=False)


def markdown(text: str) -> str:
    """Escape what Markdown would take for markup.

    Args:
        text: One line of plain text.

    Returns:
        Markdown that shows this text.
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", str(text))


def refusal(project: str, repo: str, package: str) -> str | None:
    """Say what is wrong with the names of a project.

    Args:
        project: The project's name, for people.
        repo: The name of its folder.
        package: The name of its Python package.

    Returns:
        One message, or None when the names are good.
    """
    checks = (
        ("project_name", project, PROJECT_RULES),
        ("repo_name", repo, REPO_RULES),
        ("python_package", package, PACKAGE_RULES),
    )
    for variable, value, rules in checks:
        problem = _first(rules, str(value))
        if problem:
            remedy = "" if variable == "project_name" else f", or give another {variable}"
            return (
                f'Cannot generate the project: {variable} "{value}" {problem}. '
                f"Choose another project_name{remedy}."
            )
    return None


def _first(rules: Rules, name: str) -> str | None:
    return next((problem for broken, problem in rules if broken(name)), None)
