"""The plugin's line in a project's requirements.txt."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..errors import MLflowOnKedroError

FILE = "requirements.txt"
_LOGICAL = re.compile(r"[ \t]*#.*\n?|(?:.*\\\r?\n)*.*\n?")  # a comment ends with its line
_NAME = re.compile(r"mlflow[-_.]on[-_.]kedro", re.IGNORECASE)


def with_plugin(text: str, line: str) -> str:
    r"""Add the plugin to the text of a requirements.txt, unless it is there in any form.

    Args:
        text: The text.
        line: The requirement.

    Example:
        >>> with_plugin("kedro\n", "mlflow-on-kedro==0.1.0")
        'kedro\nmlflow-on-kedro==0.1.0\n'
    """
    if any(_NAME.search(present) for present in _requirements(text)):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{line}{end}"


def without_plugin(text: str) -> str:
    r"""Remove the plugin from the text of a requirements.txt.

    Example:
        >>> without_plugin("kedro\nmlflow-on-kedro==0.1.0\n")
        'kedro\n'
    """
    return "".join(
        line
        for line in logical_lines(text)
        if not any(map(_NAME.match, _requirements(line.partition("\n")[0])))
    )


def logical_lines(text: str) -> list[str]:
    r"""Split the text of a requirements.txt as pip does: a line goes on after a backslash.

    Example:
        >>> logical_lines("kedro==1.0 \\\n  --hash=sha256:1\nmlflow\n")
        ['kedro==1.0 \\\n  --hash=sha256:1\n', 'mlflow\n']
    """
    return [match[0] for match in _LOGICAL.finditer(text) if match[0]]


def _requirements(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def write(root: Path, edit: Callable[[str], str]) -> bool:
    """Edit a project's requirements.txt.

    Args:
        root: The project's root.
        edit: Makes the new text from the old one.

    Returns:
        Whether the file was changed; False if there is none.

    Raises:
        MLflowOnKedroError: The file cannot be written.
    """
    path = root / FILE
    if not path.is_file():
        return False
    try:
        before = path.read_bytes().decode()
        after = edit(before)
        if after != before:
            path.write_bytes(after.encode())
    except (OSError, UnicodeError) as error:
        raise MLflowOnKedroError(f"{path} cannot be changed: {error}.") from None
    return after != before
