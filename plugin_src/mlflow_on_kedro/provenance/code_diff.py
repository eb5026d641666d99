"""``kedro/code.diff.txt``: how the project's files differ from the commit that is checked out.

It is what ``git diff HEAD`` prints for the project's folder, with paths from the repository's top,
so that ``git apply`` takes it there. Files that are left out are named in its first lines: binary
files, data and notebooks, those that hold secrets by their names, and what comes after a megabyte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..utils.secrets import looks_secret, mask_secrets
from . import git_state

MOST_BYTES = 1_000_000
_MOST_READ = 10 * MOST_BYTES

# The user's configuration must not change the form of the diff, nor add a warning for each file.
_GIT = (
    *("-c", "core.quotePath=true", "-c", "diff.relative=false", "-c", "core.safecrlf=false"),
    *("--no-optional-locks", "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short"),
    *("--ignore-submodules=dirty", "--", "."),
)
_START = b"diff --git "
_NAME = re.compile(rb'^(?:\+\+\+ "?b|--- "?a)/(?P<name>[^\t"\n]*)', re.MULTILINE)
_HEADER_NAME = re.compile(rb'^diff --git "?a/(?P<name>.*?)"? "?b/')
_SECRET_FILES = re.compile(r"(^|/)(\.env(\..*)?|id_[a-z0-9]+|.*\.(pem|key|p12|pfx|jks))$")
# Notebooks keep what their cells have shown, and Kedro's folder for data is `data`.
_DATA_FILES = re.compile(r"(^|/)data/|\.(csv|tsv|psv|jsonl|ndjson|geojson|ipynb)$", re.IGNORECASE)
_YAML_LINE = re.compile(
    r"^(?P<start>[ +-]\s*(?:-\s+)?(?P<name>['\"]?[\w.\-]+['\"]?)\s*:\s+)(?P<value>[^\s#&*|>{\[].*)$"
)
_YAML = (".yml", ".yaml")
# In Python these are no secrets: `token = tokenizer(text)`, `key=None`, `secret=self.secret`.
_EXPRESSION = re.compile(
    r"(?<![=!<>:])=(?=[ \t]*(?:[A-Za-z_][\w.]*[(\[]|self\.|(?:None|True|False)\b))"
)
_HIDDEN = "\0"
_CATALOG = re.compile(r"(^|/)catalog[^/]*(/.*)?\.ya?ml$")
_NAMED = re.compile(r"\bcredentials: +[A-Za-z_]\w*[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class CodeDiff:
    """The changes of a project's files since the commit.

    Attributes:
        text: The content of ``kedro/code.diff.txt``; "" if nothing is changed.
        left_out: Changed files that are not in it, from the repository's top, each with the reason.
        is_cut: Whether it is too large, so that the rest is left out.
        is_masked: Whether secrets are masked in it, so that git may not be able to apply it.
        problem: Why git gave no diff.
    """

    text: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_masked: bool = False
    problem: str | None = None


def read(project: Path) -> CodeDiff:
    """Read how a project's files differ from the commit.

    Args:
        project: The project's folder, inside a repository with a commit.
    """
    code, diff, problem = git_state.run(project, *_GIT, most=_MOST_READ)
    if code != 0:
        return CodeDiff(problem=mask_secrets(problem))
    return from_git(diff, is_whole=len(diff) < _MOST_READ)


def from_git(diff: bytes, *, is_whole: bool = True) -> CodeDiff:
    """Make what is logged of what ``git diff`` has printed.

    Args:
        diff: What it has printed.
        is_whole: Whether that is all. If not, the last file is left out.

    Example:
        >>> from_git(b"diff --git a/.env b/.env").left_out
        {'.env': 'by its name it holds secrets'}
    """
    kept: list[str] = []
    left_out: dict[str, str] = {}
    size, is_cut, is_masked = 0, not is_whole, False
    parts = list(_parts(diff))
    for number, part in enumerate(parts):
        name = _name_of(part)
        reason = _why_left_out(name, part)
        is_torn = not is_whole and number == len(parts) - 1
        if not reason and (is_torn or size + len(part) > MOST_BYTES):
            reason, is_cut = "too large", True
        if reason:
            left_out[name] = reason
            continue
        size += len(part)
        text = part.decode("utf-8")
        masked = _masked(name, text)
        is_masked = is_masked or masked != text
        kept.append(masked)
    notes = [f"# Not in this file: {name} ({reason}).\n" for name, reason in left_out.items()]
    return CodeDiff("".join([*notes, *kept]), left_out, is_cut, is_masked)


def _parts(diff: bytes) -> Iterator[bytes]:
    """Yield the part of each file. A line of content never begins as a part does."""
    begin = 0
    while begin < len(diff):
        end = diff.find(b"\n" + _START, begin) + 1 or len(diff)
        yield diff[begin:end]
        begin = end


def _name_of(part: bytes) -> str:
    found = _NAME.search(part) or _HEADER_NAME.search(part)
    names = [match["name"] for match in _NAME.finditer(part.partition(b"\n@@")[0])]
    name = names[-1] if names else found["name"] if found else b"?"
    return mask_secrets(name.decode("utf-8", "replace"))


def _why_left_out(name: str, part: bytes) -> str:
    head = part.partition(b"\n@@")[0]
    if b"\nBinary files " in head or b"\nGIT binary patch" in head:
        return "binary"
    if _SECRET_FILES.search(name) or looks_secret(Path(name).stem):
        return "by its name it holds secrets"
    if _DATA_FILES.search(name):
        return "it may hold data"
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    return ""


def _masked(name: str, text: str) -> str:
    if _CATALOG.search(name):  # there, credentials are named only
        text = _NAMED.sub(lambda match: match[0].replace(":", _HIDDEN), text)
        return _masked_lines(text, is_yaml=True).replace(_HIDDEN, ":")
    if name.endswith(".py"):
        # The equals signs of expressions are hidden from the search for secrets.
        hidden = _EXPRESSION.sub(_HIDDEN, text)
        return _masked_lines(hidden, is_yaml=False).replace(_HIDDEN, "=")
    return _masked_lines(text, is_yaml=name.endswith(_YAML))


def _masked_lines(text: str, *, is_yaml: bool) -> str:
    if not is_yaml and mask_secrets(text) == text:  # as for most files, and faster than each line
        return text
    lines = text.split("\n")
    return "\n".join(_masked_line(line, is_yaml=is_yaml) for line in lines)


def _masked_line(line: str, *, is_yaml: bool) -> str:
    if line.startswith(("index ", "--- ", "+++ ", "@@ ", "diff ")):
        return line
    if is_yaml:
        found = _YAML_LINE.match(line)
        if found and looks_secret(found["name"]):
            return f"{found['start']}'***'"  # alone it would be no YAML
    return mask_secrets(line)
