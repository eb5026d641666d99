"""``RunSummary``: what a run is, and the description that MLflow shows above it, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from .ui_pages import VIEW

MAX_LENGTH = 5000
"""The most characters of a description: what older servers take as a tag."""
_ROWS = (20, 10, 5, 1)
"""How many datasets are listed, if the description does not fit with more of them."""
_MAX_COMMAND, _MAX_TEXT = 1000, 300
WORDS = ("parameter", "metric", "value")
"""What may stand for a place: the value is no file, but a parameter or a metric of the run."""
_ENDS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "was killed"}


@dataclass(frozen=True)
class UsedDataset:
    """A dataset that the pipeline reads or writes.

    Attributes:
        name: Its name in the catalog.
        place: Its file or table, or one of :data:`WORDS`; "" if unknown.
        artifact: Its path among the run's artifacts; "" if it is none.
        node: The node that writes it; "" if none does.
    """

    name: str
    place: str = ""
    artifact: str = ""
    node: str = ""


@dataclass(frozen=True)
class RunSummary:
    """What a run is, as known before its first node runs.

    Attributes:
        pipeline: The names of its registered pipelines.
        chosen: What was chosen of them: the option of ``kedro run`` in words -> its value.
        command: The shell command that repeats the run.
        nodes: The names of its nodes.
        datasets: What it reads, then what it writes.
    """

    pipeline: str
    chosen: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    nodes: Sequence[str] = ()
    datasets: Sequence[UsedDataset] = ()

    def to_json(self, limit: int | None = None) -> str:
        """Write it as JSON.

        Args:
            limit: The most characters; datasets and then nodes beyond it are left out.
        """
        # Not `asdict`, which copies each value: there are as many datasets as the pipeline has.
        content = {**vars(self), "datasets": [vars(item) for item in self.datasets]}
        text = json.dumps(content)
        if limit is None or len(text) <= limit or not (self.datasets or self.nodes):
            return text
        if self.datasets:
            return replace(self, datasets=self.datasets[: len(self.datasets) // 2]).to_json(limit)
        return replace(self, nodes=()).to_json(limit)

    @classmethod
    def from_json(cls, text: str) -> RunSummary:
        """Read what :meth:`to_json` has written.

        Raises:
            ValueError: It is no such text.
        """
        try:
            content = json.loads(text)
            return cls(**{**content, "datasets": [UsedDataset(**x) for x in content["datasets"]]})
        except (TypeError, KeyError) as error:
            raise ValueError(f"no summary of a run: {error}") from None


@dataclass(frozen=True)
class RunOutcome:
    """How a run has ended, and where it is in MLflow.

    Attributes:
        status: MLflow's status.
        seconds: How long it took.
        address: The run's page: the part of its URL after ``#``.
        done: The nodes that are known to have finished; None if nothing is known of any.
        failed_node: The node that failed, or those that were interrupted, if known.
        error: The error's type and text.
    """

    status: str
    seconds: float
    address: str = ""
    done: Collection[str] | None = None
    failed_node: str = ""
    error: str = ""


def merged(parts: Sequence[RunSummary]) -> RunSummary:
    """Summarize a run that several processes log to.

    Args:
        parts: What each of them does; one part is returned unchanged.

    Example:
        >>> merged([RunSummary("load", command="a"), RunSummary("train", command="b")]).pipeline
        'load, train'
    """
    commands = {part.command for part in parts}
    if len(commands) == 1:
        return parts[0]
    datasets = list(dict.fromkeys(item for part in parts for item in part.datasets))
    written = {item.name for item in datasets if item.node}
    return RunSummary(
        ", ".join(dict.fromkeys(part.pipeline for part in parts)),
        nodes=list(dict.fromkeys(node for part in parts for node in part.nodes)),
        datasets=[item for item in datasets if item.node or item.name not in written],
    )


def to_markdown(
    summary: RunSummary, outcome: RunOutcome, versions: Sequence[tuple[str, str]] = ()
) -> str:
    """Write the description of a run.

    Args:
        summary: What the run is.
        outcome: How it has ended.
        versions: The names and versions of its models in the model registry.

    Example:
        >>> print(to_markdown(
        ...     RunSummary("train", {"tags": "x"}, "kedro run --tags=x", ["fit"]),
        ...     RunOutcome("FAILED", 75, done=[], failed_node="fit", error="ValueError: rows"),
        ... ))
        Pipeline `train` (tags `x`) **failed** after 1 min 15 s at the node `fit`, 0 of 1 nodes done
        <BLANKLINE>
        `ValueError: rows`
        <BLANKLINE>
            kedro run --tags=x
    """
    # MLflow's UI shows the first lines, and the others on request.
    lines = [_headline(summary, outcome)]
    if outcome.error and outcome.status == "FAILED":
        lines.append(_code(outcome.error.strip().partition("\n")[0]))
    if summary.command and len(summary.command) <= _MAX_COMMAND:
        lines.append("\n".join(f"    {line}" for line in summary.command.splitlines()))
    if versions:
        lines.append("Registered: " + ", ".join(_version(*item) for item in versions))
    done = outcome.done
    datasets = [x for x in summary.datasets if not x.node or done is None or x.node in done]
    for rows in _ROWS:
        text = "\n\n".join([*lines, *_table(datasets, rows, outcome.address)])
        if len(text) <= MAX_LENGTH:
            return text
    return "\n\n".join(lines)


def _headline(summary: RunSummary, outcome: RunOutcome) -> str:
    total = len(summary.nodes)
    end = _ENDS.get(outcome.status, outcome.status.lower())
    when = "in" if outcome.status == "FINISHED" else "after"
    chosen = "; ".join(f"{what} {_code(value)}" for what, value in summary.chosen.items())
    what = f"{_code(summary.pipeline)} ({chosen})" if chosen else _code(summary.pipeline)
    text = f"Pipeline {what} **{end}** {when} {in_words(outcome.seconds)}"
    if outcome.failed_node:
        text += f" at the node {_code(outcome.failed_node)}"
    if outcome.done is None or len(outcome.done) == total:
        return f"{text}, {total} node{'' if total == 1 else 's'}"
    return f"{text}, {len(outcome.done)} of {total} nodes done"


def in_words(seconds: float) -> str:
    """Write a duration for people.

    Example:
        >>> in_words(0.0312), in_words(12.34), in_words(3725)
        ('0.03 s', '12.3 s', '1 h 2 min')
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _table(datasets: Sequence[UsedDataset], rows: int, address: str) -> list[str]:
    """Write reads and writes as one table, of each at most so many rows."""
    lines = []
    for title in ("read", "written"):
        found = [item for item in datasets if bool(item.node) == (title == "written")]
        lines += [f"| {title} {_code(x.name)} | {_place(x, address)} |" for x in found[:rows]]
        if found[rows:]:
            lines.append(f"| {title} {len(found) - rows} more | |")
    return ["\n".join(["| Dataset | Where |", "|:---|:---|", *lines])] if lines else []


def _place(item: UsedDataset, address: str) -> str:
    if item.artifact and address:
        return f"[{_code(item.artifact)}](#{address}/artifacts/{quote(item.artifact)}?{VIEW})"
    return _code(item.artifact) or (item.place if item.place in WORDS else _code(item.place))


def _version(name: str, version: str) -> str:
    return f"[{_code(name)} version {version}](#/models/{quote(name, safe='')}/versions/{version})"


def _code(text: str) -> str:
    # A backtick ends code, and a bar a table's cell even within code.
    plain = " ".join(text[:_MAX_TEXT].replace("`", "'").split())
    return f"`{plain}`".replace("|", "\\|") if plain else ""
