"""The parts of a run that several processes log to: a tag of the run for each unfinished part.

A part is what one process runs of the pipeline. An orchestrator that retries a task starts another
part with the same nodes. If that finishes, it supersedes earlier parts that did not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from ..journal.records import Header
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from .hidden_tags import HIDDEN, earlier

PART_TAG = f"{HIDDEN}part."
ATTEMPTS_TAG = "kedro.attempts"
"""How superseded parts have ended, one per line."""
ERROR_TAG = "error"
RUNNING = "RUNNING"
MAX_ERROR = 1000
"""How many characters of an error a part's tag keeps."""
_MAX_WORK = 3000
"""How many characters of a part's tag the nodes' names may take; longer ones become a digest."""


@dataclass(frozen=True)
class Part:
    """The state of one part of a run.

    Attributes:
        status: ``RUNNING``, ``FAILED`` or ``KILLED``.
        begin: When it began, in milliseconds since the epoch.
        end: When it ended; 0: it has not.
        work: What it does: see :func:`work_of`. If it has failed, what is left of that.
        node: The node that failed.
        error: The error of that node.
        repeated: When the part began that supersedes this one; 0: none does.
    """

    status: str
    begin: int = 0
    end: int = 0
    work: list[str] = field(default_factory=list)
    node: str = ""
    error: str = ""
    repeated: int = 0

    @classmethod
    def from_header(cls, header: Header) -> Part:
        """Make the part of a pipeline that begins."""
        return cls(RUNNING, header.start_ms, work=_shortened(header.work))

    @property
    def tag(self) -> str:
        """The value of the part's tag."""
        content = {key: value for key, value in asdict(self).items() if value}
        return json.dumps(content, ensure_ascii=False)

    def is_done_by(self, header: Header) -> bool:
        """Whether a part that has finished supersedes this one, as it has done the same work.

        It must have begun after this one has ended. A part without an end that began earlier is
        taken for killed, until its end is delivered.
        """
        done = {*header.work, *_shortened(header.work)}
        if not self.work or not set(self.work) <= done:
            return False
        if self.status == RUNNING:
            return self.begin < header.start_ms
        return self.end <= header.start_ms

    def __str__(self) -> str:
        status = "KILLED" if self.status == RUNNING else self.status
        return how_it_ended(status, self.node, self.error)


def work_of(nodes: Iterable[str], runtime_params: Mapping[str, object]) -> list[str]:
    """Describe the work of a part: its nodes and its runtime parameters.

    Parts with different parameters do not supersede each other: an orchestrator may run the same
    nodes once for each of several values.

    Example:
        >>> work_of(["train"], {})
        ['train']
    """
    given = json.dumps(runtime_params, sort_keys=True, default=str) if runtime_params else ""
    return [*nodes, *([f"params:{_digest(given)}"] if given else [])]


def in_tags(tags: Mapping[str, str]) -> dict[str, Part]:
    """Read the parts of a run from its tags, by their journals' ids, the oldest first."""
    found = {
        key.removeprefix(prefix): _read(value)
        for prefix in (earlier(PART_TAG), PART_TAG)
        for key, value in tags.items()
        if key.startswith(prefix)
    }
    return dict(sorted(found.items(), key=lambda item: (item[1].begin, item[0])))


def describe_repeated(parts: Iterable[Part]) -> str:
    """Describe how superseded parts have ended, one per line."""
    lines = [str(part) for part in parts if part.repeated]
    return "\n".join(lines)[-MAX_TAG_LENGTH:]


def how_it_ended(status: str, node: str | None, error: str | None) -> str:
    """Describe in one line how a part or a run has ended.

    Example:
        >>> how_it_ended("FAILED", "train", "ValueError: no")
        'FAILED in the node train: ValueError: no'
    """
    place = f" in the node {node}" if node else ""
    return status + place + (f": {' '.join(error.split())[:MAX_ERROR]}" if error else "")


def _read(value: str) -> Part:
    # Earlier versions of the plugin wrote the status alone.
    try:
        content = json.loads(value)
        known = {item.name for item in fields(Part)}
        return Part(**{key: content[key] for key in content.keys() & known})
    except (ValueError, TypeError, AttributeError):
        return Part(value)


def _shortened(work: Sequence[str]) -> list[str]:
    size = len(json.dumps(work, ensure_ascii=False))
    return list(work) if size <= _MAX_WORK else [_digest(*sorted(work))]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:32]
