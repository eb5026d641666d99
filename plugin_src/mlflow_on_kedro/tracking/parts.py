"""The parts of a run that several pipelines log to: each a tag of the run, until it has finished.

A part is one pipeline in one process. An orchestrator that tries a task again starts another part
for the same nodes, so a part that finishes makes up for earlier ones that did not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from ..journal.records import Header
from ..utils.mlflow_limits import MAX_TAG_LENGTH

PART_TAG = "mlflow_on_kedro.part."
ATTEMPTS_TAG = "kedro.attempts"
"""How the attempts have ended that were made again, one a line."""
ERROR_TAG = "error"
RUNNING = "RUNNING"
MAX_ERROR = 1000
"""Characters of an error that a tag keeps beside what else is in it."""
_MAX_WORK = 3000
"""Characters of a tag for the names of nodes; a digest stands for longer ones."""


@dataclass(frozen=True)
class Part:
    """How far one part of a run has come.

    Attributes:
        status: ``RUNNING``, ``FAILED`` or ``KILLED``.
        begin: When it began, in milliseconds since the epoch.
        end: When it ended; 0: it has not.
        work: What it was to do, see :func:`work_of`; of one that failed, what it has not done.
        node: The node that failed.
        error: Why.
        repeated: When the part began that has made up for it; 0: none has.
    """

    status: str
    begin: int = 0
    end: int = 0
    work: list[str] = field(default_factory=list)
    node: str = ""
    error: str = ""
    repeated: int = 0

    @classmethod
    def begun(cls, header: Header) -> Part:
        """The part of a pipeline that begins."""
        return cls(RUNNING, header.start_ms, work=_shortened(header.work))

    @property
    def tag(self) -> str:
        """Its tag's value."""
        content = {key: value for key, value in asdict(self).items() if value}
        return json.dumps(content, ensure_ascii=False)

    def is_done_by(self, header: Header) -> bool:
        """Whether a part that has finished has done what this one was to do.

        It must have begun after this one has ended. Of one that has not ended nobody knows whether
        it was killed: it is taken for that if it began earlier, until it says how it ended.
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
    """Name what a pipeline does: the nodes that it runs, and with which runtime parameters.

    Parts that differ in their parameters do not make up for each other: they may be the tasks that
    an orchestrator has made of one for several values.

    Example:
        >>> work_of(["train"], {})
        ['train']
    """
    given = json.dumps(runtime_params, sort_keys=True, default=str) if runtime_params else ""
    return [*nodes, *([f"params:{_digest(given)}"] if given else [])]


def in_tags(tags: Mapping[str, str]) -> dict[str, Part]:
    """The parts of a run, by their journals' ids, those that began first first."""
    found = {
        key.removeprefix(PART_TAG): _read(value)
        for key, value in tags.items()
        if key.startswith(PART_TAG)
    }
    return dict(sorted(found.items(), key=lambda item: (item[1].begin, item[0])))


def attempts(parts: Iterable[Part]) -> str:
    """Tell how those parts ended that others have made up for."""
    lines = [str(part) for part in parts if part.repeated]
    return "\n".join(lines)[-MAX_TAG_LENGTH:]


def how_it_ended(status: str, node: str | None, error: str | None) -> str:
    """Tell in one line how an attempt has ended.

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
