"""What a run can say: one small record a kind, in MLflow's terms."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A local file or folder; ``folder`` is the place among the run's artifacts, "" for the top."""

    path: str
    folder: str = ""


Entry = Param | Metric | Tag | Text | File
