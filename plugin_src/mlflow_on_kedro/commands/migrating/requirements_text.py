"""Put this plugin's requirement where a project requires another plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...utils.installation import DISTRIBUTION
from ...vendoring.requirements import HASH, logical_lines
from .findings import MARK, Rewritten, marked
from .sources import SOURCES, Source

_MLFLOW = "mlflow>=3.1"
_ADD = f"put here what installs {DISTRIBUTION}, and remove this comment. It replaces"
_PUT = f"put there what installs {DISTRIBUTION}"
_COMPILE = (
    f"put what installs {DISTRIBUTION} into the file that this one is compiled from, and compile "
    "it again"
)
_KEY = re.compile(r"""([\w.-]+)["']?\s*[=:]\s*\[""")
"""The key of a list, in TOML or Python."""
_FOLD = re.compile(r"\s*\\\r?\n\s*")
_ON_THIS_MACHINE = re.compile(rf"(?m)^[^#\r\n]*{DISTRIBUTION} @ file:")


def in_requirements(
    text: str, requirement: str | None, *, copied: bool, sources: Sequence[Source] = SOURCES
) -> Rewritten:
    r"""Rewrite a requirements.txt.

    Args:
        text: The file's text.
        requirement: The line that installs this plugin; None: nobody knows it, so a comment says
            that it is to be put there.
        copied: Whether the plugin lies in the project, which needs only MLflow then.
        sources: The plugins whose lines are replaced.

    Example:
        >>> in_requirements("kedro\nkedro-mlflow==0.14.0  # runs\n", "x @ y", copied=False).text
        'kedro\nx @ y  # runs\n'
    """
    found = Rewritten(text)
    lines = logical_lines(text)
    has_hashes = HASH in text
    for source in (one for one in sources if one.is_replaced and not has_hashes):
        pattern = re.compile(
            rf"\s*({_any_spelling(source.name)}(?![\w.-]).*?)(?=\s+#|\s*$)", re.IGNORECASE
        )
        for number, folded in enumerate(lines):
            line = _FOLD.sub(" ", folded)
            match = pattern.match(line)
            if match is None:
                continue
            found.uses.add(source.name)
            new = _replacement("".join(lines), requirement, copied=copied)
            rest = line[match.end() :]
            if requirement is None and not copied:
                end = "\r\n" if "\r\n" in text else "\n"
                comment = rest.lstrip() if "#" in rest else ""
                lines[number] = f"{MARK}{_ADD} {match[1]}{end}{comment}"
            else:
                lines[number] = f"{new}{rest}" if new else rest.lstrip() if "#" in rest else ""
    found.text = "".join(lines)
    for line_number, source in _named(lines, sources):
        found.uses.add(source.name)
        todo = _COMPILE if has_hashes else _PUT
        found.findings.append(
            (line_number, f"requires {source.name}, and is not rewritten: {todo}")
        )
    found.findings += [*marked(found.text), *_only_here(found.text)]
    return found


def in_pyproject(
    text: str, requirement: str | None, *, copied: bool, sources: Sequence[Source] = SOURCES
) -> Rewritten:
    """Rewrite the requirements in a pyproject.toml or setup.py: texts in lists.

    Args:
        text: The file's text.
        requirement: See :func:`in_requirements`.
        copied: See :func:`in_requirements`.
        sources: See :func:`in_requirements`.

    Example:
        >>> in_pyproject('dependencies = ["kedro-mlflow~=0.14"]', "x @ y", copied=False).text
        'dependencies = ["x @ y"]'
    """
    found = Rewritten(text)
    tables: list[tuple[int, str]] = []
    for source in (one for one in sources if one.is_replaced):
        name = _any_spelling(source.name)
        item = re.compile(
            rf"""(["'])({name}(?![\w.-])(?:(?!\1).)*)\1[ \t]*,?[ \t]*""", re.IGNORECASE
        )
        spans = [match for match in item.finditer(found.text) if _is_requirement(match)]
        new = _replacement(found.text, requirement, copied=copied)
        is_unknown = not copied and requirement is None
        for match in reversed(spans):
            found.uses.add(source.name)
            quote = match[1]
            if new:
                rest = match[0][match[0].rindex(quote) + 1 :]
                text = f"{quote}{new}{quote}{rest}"
                found.text = found.text[: match.start()] + text + found.text[match.end() :]
            else:
                comment = f"{MARK}{_ADD} {match[2]}" if is_unknown else None
                found.text = _without(found.text, *match.span(), comment)
        table = re.compile(rf"^[ \t]*[\"']?{name}[\"']?[ \t]*=", re.IGNORECASE | re.MULTILINE)
        for match in table.finditer(found.text):
            found.uses.add(source.name)
            line = found.text.count("\n", 0, match.start()) + 1
            tables.append((line, f"replace {source.name} by what installs {DISTRIBUTION}"))
    found.findings += [*tables, *marked(found.text), *_only_here(found.text)]
    return found


def _named(lines: Sequence[str], sources: Sequence[Source]) -> Iterator[tuple[int, Source]]:
    """Find the requirements, each with its line, that name another plugin: ``-e git+https://…``."""
    number = 1
    for line in lines:
        words = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].split()
        is_file = bool(words) and re.match("-r|-c|--req|--con", words[0]) is not None
        for source in sources if words and not is_file else ():
            name = re.compile(rf"(?<![\w-]){_any_spelling(source.name)}(?![\w-])", re.IGNORECASE)
            if source.is_replaced and DISTRIBUTION not in line and name.search(" ".join(words)):
                yield number, source
        number += line.count("\n")


def _only_here(text: str) -> Iterator[tuple[int, str]]:
    """Find requirements of this plugin from a file or folder of this machine."""
    for match in _ON_THIS_MACHINE.finditer(text):
        message = (
            f"others cannot install {DISTRIBUTION} from this machine's files: put an address "
            "there that they reach, such as git+https://…"
        )
        yield text.count("\n", 0, match.start()) + 1, message


def _any_spelling(name: str) -> str:
    return re.escape(name).replace(r"\-", "[-_.]")


def _replacement(text: str, requirement: str | None, *, copied: bool) -> str | None:
    """Return the requirement to write; None if it is there already, or if nobody knows it."""
    if copied:  # which needs MLflow, that the other plugin has brought
        return None if re.search(r"(?im)(?:^|[\"'])\s*mlflow(?![\w-])", text) else _MLFLOW
    if requirement is None or re.search(_any_spelling(DISTRIBUTION), text, re.IGNORECASE):
        return None
    return requirement


def _is_requirement(match: re.Match[str]) -> bool:
    """Whether a text in quotes is a requirement, and not a key, a comment or a module's name.

    A single word may be both: then the key of its list tells.
    """
    text = match.string
    start = text.rfind("\n", 0, match.start()) + 1
    is_comment = text[start : match.start()].lstrip().startswith("#")
    is_key = re.match(r"\s*=", text[match.end() :]) is not None
    is_word = re.fullmatch(r"\w+", match[2]) is not None
    keys = _KEY.findall(text, 0, match.start()) if is_word else []
    is_module = is_word and (not keys or re.search("known|module|package", keys[-1]) is not None)
    return not (is_comment or is_key or is_module)


def _without(text: str, start: int, end: int, comment: str | None) -> str:
    """Remove an item of a list, and its line if that is empty then; a comment gets its own line."""
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last
    before, after = text[first:start], text[end:last]
    indent = before[: len(before) - len(before.lstrip())]
    line_break = "\r\n" if "\r\n" in text else "\n"
    above = f"{indent}{comment}{line_break}" if comment else ""
    if not before.strip() and not after.strip():
        return text[:first] + above + text[last + 1 :]
    if re.match(r"[ \t]*[\])]", after):  # it was the last one of its line
        before = re.sub(r",[ \t]*$", "", before)
    return f"{text[:first]}{above}{before}{after}{text[last:]}"
