"""What a run can say: one small record a kind, in MLflow's terms, and as a line of text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePath
from typing import Any, get_args

from ..utils.secrets import mask_urls
from .snapshot import Snapshot


@dataclass(frozen=True)
class Param:
    """A parameter: text that never changes within a run."""

    key: str
    value: str


@dataclass(frozen=True)
class Metric:
    """One point of a metric.

    Attributes:
        key: The metric's name.
        value: A finite number or NaN.
        timestamp: Milliseconds since the epoch.
        step: The point's place in the metric's series.
    """

    key: str
    value: float
    timestamp: int
    step: int = 0


@dataclass(frozen=True)
class Tag:
    """A tag: text that may be set again."""

    key: str
    value: str


@dataclass(frozen=True)
class Text:
    """A text artifact; ``path`` is its place among the run's artifacts."""

    path: str
    content: str


@dataclass(frozen=True)
class File:
    """A local file or folder.

    Attributes:
        path: Where it is.
        folder: The place among the run's artifacts, "" for the top.
        snapshot: What is known of files that others may write to. Where it names an original, that
            counts as soon as there is nothing (any more) at ``path``. It is no part of the line.
    """

    path: str
    folder: str = ""
    snapshot: Snapshot | None = field(default=None, compare=False, kw_only=True)

    @property
    def source(self) -> Path:
        """Where the content is now."""
        path = Path(self.path)
        if self.snapshot is not None and self.snapshot.original and not path.exists():
            return Path(self.snapshot.original)
        return path


@dataclass(frozen=True)
class Page(Text):
    """A page with a Plotly figure; plotly.js is put into it when it is sent."""


@dataclass(frozen=True)
class PageFile(File):
    """A local file with such a page."""


@dataclass(frozen=True)
class Input:
    """A dataset that the run uses.

    Attributes:
        name: The dataset's name.
        digest: What tells these data from other data of this name, at most 36 characters.
        source_type: The kind of place that it comes from, in MLflow's words.
        source: The place, as JSON.
        schema: Its columns or shape, as MLflow's JSON; "" if nothing is known of them.
        profile: More about it, as JSON.
        context: What it is used for.
    """

    name: str
    digest: str
    source_type: str
    source: str
    schema: str
    profile: str
    context: str


@dataclass(frozen=True)
class Model(File):
    """A local folder with a model in MLflow's format; ``folder`` is the model's name.

    Attributes:
        about: What else MLflow is to know of it, as JSON.
    """

    about: str = "{}"


@dataclass(frozen=True)
class Trace(File):
    """A trace that a node has made with MLflow.

    ``path`` is a local folder: see :mod:`mlflow_on_kedro.journal.node_files`; ``folder`` means
    nothing.
    """


@dataclass(frozen=True)
class Unlogged:
    """Something that automatic logging has left out; for the run's own report, not for MLflow.

    Attributes:
        dataset: The dataset's name.
        name: The dataset's name, or that of a part of it.
        what: What it is, without anything of its content.
        why: Why it is not logged.
        how: How it can be.
    """

    dataset: str
    name: str
    what: str
    why: str
    how: str


@dataclass(frozen=True)
class Part:
    """Something that a node has done, for the run's trace.

    Attributes:
        what: ``load``, ``run`` or ``save``; ``pipeline`` for what made all of it fail.
        node: The node's name; "" for the pipeline.
        name: The dataset's or node's name.
        start: When it began, in seconds since the epoch.
        end: When it ended; 0: it has only begun.
        error: The error's type and text; "" if there was none.
        trace: The error's traceback.
    """

    what: str
    node: str
    name: str
    start: float
    end: float
    error: str = ""
    trace: str = ""


@dataclass(frozen=True)
class End:
    """The end of the pipeline: MLflow's status, and when, in milliseconds since the epoch."""

    status: str
    time: int


@dataclass(frozen=True)
class Register:
    """The registration of one of the run's models, by its name; made by delivery itself."""

    model: str


Entry = (
    Param
    | Metric
    | Tag
    | Text
    | Page
    | File
    | PageFile
    | Model
    | Trace
    | Input
    | Part
    | Register
    | Unlogged
    | End
)

_KINDS: dict[str, type[Any]] = {kind.__name__.lower(): kind for kind in get_args(Entry)}
# Kinds before those that they are made of.
_TITLES: dict[Any, Callable[[Any], str]] = {
    Param: lambda entry: f"param '{entry.key}'",
    Metric: lambda entry: f"metric '{entry.key}'",
    Tag: lambda entry: f"tag '{entry.key}'",
    Input: lambda entry: f"dataset '{entry.name}' as used",
    Register: lambda entry: f"registration of the model '{entry.model}'",
    Model: lambda entry: f"model '{entry.folder}'",
    Trace: lambda entry: f"trace {PurePath(entry.path).name}",
    Text: lambda entry: f"artifact {mask_urls(entry.path)}",
    File: lambda entry: f"artifact {mask_urls(_place(entry))}",
}


def _place(entry: File) -> str:
    name = PurePath(entry.path).name
    return f"{entry.folder}/{name}" if entry.folder else name


VALUES, FILES = "values", "files"
"""The two lanes of delivery: what the tracking server takes, and what the artifact store takes."""
_LEAST, _GREATEST = -(2**63), 2**63 - 1


def lane_of(entry: Entry) -> str:
    """Name the lane in which an entry is delivered: :data:`VALUES` or :data:`FILES`.

    Example:
        >>> lane_of(Param("depth", "3")), lane_of(Text("notes.md", "# Notes"))
        ('values', 'files')
    """
    return FILES if isinstance(entry, File | Text | Register) else VALUES


def title_of(entry: Entry) -> str:
    """Name an entry for a message.

    Example:
        >>> title_of(Param("depth", "3")), title_of(File("/tmp/model.pkl", "models"))
        ("param 'depth'", 'artifact models/model.pkl')
    """
    title = next((title for kind, title in _TITLES.items() if isinstance(entry, kind)), None)
    return title(entry) if title is not None else type(entry).__name__.lower()


def storable(text: str) -> str:
    r"""Write out what some store does not take: half a character; NUL, which PostgreSQL refuses.

    Example:
        >>> storable("a\0b")
        'a\\x00b'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def to_line(entry: Entry) -> bytes:
    r"""Write an entry as one line of JSON.

    Example:
        >>> to_line(Param("depth", "3"))
        b'{"kind": "param", "key": "depth", "value": "3"}\n'
    """
    # As they are: `asdict` copies each value, and this is done for each value of a run.
    content: dict[str, Any] = {"kind": type(entry).__name__.lower(), **vars(entry)}
    content.pop("snapshot", None)
    if not isinstance(entry, File | Text):
        for name, value in content.items():
            if isinstance(value, str) and not (value.isascii() and "\0" not in value):
                content[name] = storable(value)
    return json.dumps(content).encode() + b"\n"


def line_start(kind: type[Any]) -> bytes:
    r"""What a line of one kind of entry begins with.

    Example:
        >>> line_start(Param)
        b'{"kind": "param", '
    """
    return f'{{"kind": "{kind.__name__.lower()}", '.encode()


def from_line(line: bytes) -> Entry:
    """Read what :func:`to_line` has written.

    Raises:
        ValueError: The line is damaged.
    """
    try:
        content = json.loads(line)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(content, dict):
        raise ValueError("no object")  # noqa: TRY004 - what is wrong with a line is one error
    kind = _KINDS.get(str(content.pop("kind", None)))
    written = [item for item in fields(kind) if item.name != "snapshot"] if kind else []
    if kind is None or content.keys() != {item.name for item in written}:
        raise ValueError("not the fields of an entry")
    for item in written:
        if not _fits(content[item.name], str(item.type)):
            raise ValueError(f"'{item.name}' is no {item.type}")
    entry: Entry = kind(**content)
    if not isinstance(entry, File | Text):
        json.dumps(content, ensure_ascii=False).encode()  # half a character: no store takes it
    return entry


def _fits(value: Any, type_name: str) -> bool:
    # What does not fit would fail in the store again and again, and all that comes after it.
    if type_name == "str":
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return type_name == "float" and not math.isinf(value)
    return isinstance(value, int) and _LEAST <= value <= _GREATEST
