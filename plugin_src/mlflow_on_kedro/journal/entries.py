"""The kinds of entries in a journal: one small record for each thing that a run logs.

Each class declares how its lines are named in the journal, the lane in which it is sent, and its
title in messages. How each kind is sent is in :mod:`mlflow_on_kedro.delivery.routes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import ClassVar, TypeVar

from ..utils.secrets import mask_urls
from .snapshot import Snapshot

VALUES, FILES = "values", "files"
"""The two lanes: what the tracking server takes, and what the artifact store takes."""


class Entry:
    """Anything that a run logs.

    Attributes:
        kind: The name of this kind in the journal's lines.
        lane: The lane in which it is sent: :data:`VALUES` or :data:`FILES`.
        since: Fields that earlier versions of the plugin did not write.
        kinds: All kinds by their names.
    """

    kind: ClassVar[str]
    lane: ClassVar[str] = VALUES
    since: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[dict[str, type[Entry]]] = {}
    _title: ClassVar[str] = "{0.kind}"

    def __init_subclass__(cls, kind: str = "", lane: str = "", title: str = "") -> None:
        """Declare a kind: its name in the journal's lines, its lane, and its title in messages.

        A base of several kinds has no name. The title is a format, with the entry as ``{0}``.
        """
        if kind:
            cls.kind = kind
            cls.kinds[kind] = cls
        cls.lane = lane or cls.lane
        cls._title = title or cls._title

    @property
    def title(self) -> str:
        """The entry's name in messages.

        Example:
            >>> Param("depth", "3").title, File("/tmp/model.pkl", "models").title
            ("param 'depth'", 'artifact models/model.pkl')
        """
        return mask_urls(self._title.format(self))


@dataclass(frozen=True)
class Param(Entry, kind="param", title="param '{0.key}'"):
    """A parameter: text that never changes within a run."""

    key: str
    value: str


@dataclass(frozen=True)
class Metric(Entry, kind="metric", title="metric '{0.key}'"):
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
class Tag(Entry, kind="tag", title="tag '{0.key}'"):
    """A tag: text that may be set again."""

    key: str
    value: str


class Artifact(Entry, lane=FILES, title="artifact {0.place}"):
    """Content for the run's artifacts; ``path`` is text from the file system, not for a store."""

    path: str

    @property
    def source(self) -> Path:
        """Where the content is now."""
        return Path(self.path)

    @property
    def place(self) -> str:
        """Its path among the run's artifacts."""
        return self.path


@dataclass(frozen=True)
class Text(Artifact, kind="text"):
    """A text artifact; ``path`` is its path among the run's artifacts."""

    path: str
    content: str


@dataclass(frozen=True)
class File(Artifact, kind="file"):
    """A local file or folder.

    Attributes:
        path: Where it is.
        folder: The folder among the run's artifacts, "" for the top.
        snapshot: The state of files that others may still write to. If it names an original, the
            content is read from there once there is nothing at ``path``. It is not in the line.
        may_stay_in_place: Whether a large one is sent from where it lies, without a copy.
    """

    may_stay_in_place: ClassVar[bool] = True

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

    @property
    def place(self) -> str:
        """Its path among the run's artifacts."""
        name = PurePath(self.path).name
        return f"{self.folder}/{name}" if self.folder else name


@dataclass(frozen=True)
class Page(Text, kind="page"):
    """A page with a Plotly figure; plotly.js is added when it is sent."""


@dataclass(frozen=True)
class PageFile(File, kind="pagefile"):
    """A local file with such a page."""


@dataclass(frozen=True)
class Input(Entry, kind="input", title="dataset '{0.name}' as used"):
    """A dataset that the run uses.

    Attributes:
        name: The dataset's name.
        digest: What distinguishes these data from other data of this name, at most 36 characters.
        source_type: The type of the source, in MLflow's words.
        source: The source, as JSON.
        schema: Its columns or shape, as MLflow's JSON; "" if unknown.
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
class Model(File, kind="model", title="model '{0.folder}'"):
    """A local folder with a model in MLflow's format; ``folder`` is the model's name.

    Attributes:
        about: What else MLflow needs to create the logged model, as JSON.
    """

    may_stay_in_place: ClassVar[bool] = False
    about: str = "{}"


@dataclass(frozen=True)
class Trace(File, kind="trace", title="trace {0.source.name}"):
    """A trace that a node has made with MLflow.

    ``path`` is a local folder: see :mod:`mlflow_on_kedro.journal.node_files`; ``folder`` is unused.
    """

    may_stay_in_place: ClassVar[bool] = False


@dataclass(frozen=True)
class Unlogged(Entry, kind="unlogged"):
    """Something that automatic logging has skipped; for the report of the run, not for MLflow.

    Attributes:
        dataset: The dataset's name.
        name: The dataset's name, or that of a part of it.
        what: What it is, without any of its content.
        why: Why it is not logged.
        how: How to log it.
    """

    dataset: str
    name: str
    what: str
    why: str
    how: str


@dataclass(frozen=True)
class Loaded(Entry, kind="loaded"):
    """Which version of a dataset was loaded, of which ``kedro/loaded.json`` is made.

    Attributes:
        dataset: The dataset's name.
        content: The version, as a JSON object.
    """

    dataset: str
    content: str


@dataclass(frozen=True)
class SpanRecord(Entry, kind="part"):
    """A timed step of a node, or the whole pipeline: for the run's timeline and its trace.

    Attributes:
        what: ``load``, ``run`` or ``save``; ``pipeline`` for the whole pipeline.
        node: The node's name; "" for the pipeline.
        name: The dataset's name, or for ``run`` what the node is called in metrics and charts.
        start: When it began, in seconds since the epoch.
        end: When it ended; 0 while it is running.
        error: The error's type and text; "" if there was none.
        trace: The error's traceback.
        step: The node's place in the pipeline's order.
        worker: What ran it: see :func:`~.journal.span.current_worker`; "" if unknown.
        imports: Seconds of it that were spent in the first import of libraries; 0 if unknown.
        metric: The metric that its duration becomes when the run ends; "" if it becomes none.
        usages: What it used, as :func:`~.journal.usage.to_text` writes it; "" if unknown.
    """

    since: ClassVar[frozenset[str]] = frozenset({"step", "worker", "imports", "metric", "usages"})

    what: str
    node: str
    name: str
    start: float
    end: float
    error: str = ""
    trace: str = ""
    step: int = 0
    worker: str = ""
    imports: float = 0.0
    metric: str = ""
    usages: str = ""


@dataclass(frozen=True)
class CallSpan(Entry, kind="call", title="span {0.span} of a call"):
    """A span that a node has made with MLflow, as of a call of a language model.

    Attributes:
        trace: The id of the trace.
        span: The id of the span.
        parent: The id of the span above it.
        usage: Its tokens and cost, as JSON: see :mod:`mlflow_on_kedro.observability.llm_usage`;
            "" if it has none.
        content: The whole span, as JSON in MLflow's form.
    """

    trace: str
    span: str
    parent: str
    usage: str
    content: str


@dataclass(frozen=True)
class TraceNotes(Entry, kind="tracenotes"):
    """What a node has said of its trace: ``mlflow.update_current_trace``, feedback, prompts.

    Attributes:
        trace: The id of the trace.
        content: The trace's info, as JSON in MLflow's form.
    """

    trace: str
    content: str


@dataclass(frozen=True)
class Summary(Entry, kind="summary"):
    """What the run is, as JSON, of which its description in MLflow is made when it ends."""

    content: str


@dataclass(frozen=True)
class End(Entry, kind="end"):
    """The end of the pipeline: MLflow's status, and when, in milliseconds since the epoch."""

    status: str
    time: int


@dataclass(frozen=True)
class Register(Entry, kind="register", lane=FILES, title="registration of the model '{0.model}'"):
    """The registration of one of the run's models; delivery creates it, not the pipeline."""

    model: str


@dataclass(frozen=True)
class Prompt(Entry, kind="prompt", lane=FILES, title="prompt '{0.name}'"):
    """A version of a prompt that the run uses: it is linked to the run in MLflow.

    Attributes:
        name: The prompt's name in MLflow's registry.
        version: The number of the version; 0: it is to be registered, if it is not there yet.
        time: When it was loaded or saved, in milliseconds since the epoch.
        wanted: Of a version that is to be registered, all that it consists of, as JSON.
        dataset: The name of the dataset that has loaded it; "" if it was saved.
    """

    name: str
    version: int
    time: int
    wanted: str = ""
    dataset: str = ""


EntryT = TypeVar("EntryT", bound=Entry)


def of_kind(entries: Iterable[Entry], kind: type[EntryT]) -> list[EntryT]:
    """Return the entries of one kind."""
    return [entry for entry in entries if isinstance(entry, kind)]
