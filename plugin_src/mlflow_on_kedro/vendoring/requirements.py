"""The plugin's line in a project's requirements.txt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from pathlib import Path

from ..errors import MLflowOnKedroError

FILE = "requirements.txt"
HASH = "--hash="
"""In a file that is compiled from another one; pip takes no line without it then."""
_EXTRAS = re.compile(r"^[^@#\[]*\[([^\]]*)\]")
_LOGICAL = re.compile(r"[ \t]*#.*\n?|(?:.*\\\r?\n)*.*\n?")  # a comment ends with its line
_NAME = re.compile(r"mlflow[-_.]on[-_.]kedro", re.IGNORECASE)


def with_plugin(text: str, line: str) -> str:
    r"""Add the plugin to the text of a requirements.txt, unless it is there in any form.

    Args:
        text: The text. One with hashes stays as it is: see :func:`how_to_compile`.
        line: The requirement.

    Example:
        >>> with_plugin("kedro\n", "mlflow-on-kedro==0.1.0")
        'kedro\nmlflow-on-kedro==0.1.0\n'
    """
    if HASH in text or _has_plugin(text):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text or text.endswith("\n") else end
    return f"{text}{gap}{line}{end}"


def how_to_compile(root: Path, line: str) -> str:
    """Return what to do in a project whose requirements.txt has hashes, but not the plugin.

    Args:
        root: The project's root.
        line: The requirement.

    Returns:
        "" if there is nothing to do.
    """
    path = root / FILE
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if HASH not in text or _has_plugin(text):
        return ""
    return (
        f"{FILE} has hashes, so it is left as it is: put {line} into the file that it is compiled "
        "from, and compile it again."
    )


def with_needs(text: str, requires: Sequence[str]) -> str:
    r"""Replace the plugin's line in the text of a requirements.txt by what the plugin needs itself.

    Args:
        text: The text. One with hashes has all that is needed already.
        requires: The requirements in the plugin's metadata, also those of extras.

    Example:
        >>> with_needs("kedro\nmlflow-on-kedro==0.1.0\n", ["kedro>=1.0", "mlflow>=3.1"])
        'kedro\nmlflow>=3.1\n'
    """
    lines = logical_lines(text)
    own = [any(map(_NAME.match, _requirements(line.partition("\n")[0]))) for line in lines]
    others = [line for line, is_own in zip(lines, own, strict=True) if not is_own]
    place = own.index(True) if any(own) else len(others)
    if HASH in text:
        return "".join(others)
    extras = re.findall(r"[\w-]+", "".join(_EXTRAS.findall(next(compress(lines, own), ""))))
    present = {_name(line) for line in others}
    end = "\r\n" if "\r\n" in text else "\n"
    added = [f"{one}{end}" for one in _needs(requires, extras) if _name(one) not in present]
    if added and place and not others[place - 1].endswith("\n"):
        others[place - 1] += end
    return "".join((*others[:place], *added, *others[place:]))


def _needs(requires: Sequence[str], extras: Sequence[str]) -> Iterator[str]:
    for one in requires:
        line, _, marker = one.partition(";")
        extra = re.search(r"""extra == ["']([\w-]+)""", marker)
        if extra is None or extra[1] in extras:
            yield one if extra is None else line.strip()


def _name(line: str) -> str:
    found = re.match(r"\s*([\w.-]+)", line)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def logical_lines(text: str) -> list[str]:
    r"""Split the text of a requirements.txt as pip does: a line goes on after a backslash.

    Example:
        >>> logical_lines("kedro==1.0 \\\n  --hash=sha256:1\nmlflow\n")
        ['kedro==1.0 \\\n  --hash=sha256:1\n', 'mlflow\n']
    """
    return [match[0] for match in _LOGICAL.finditer(text) if match[0]]


def _has_plugin(text: str) -> bool:
    return any(_NAME.search(present) for present in _requirements(text))


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
