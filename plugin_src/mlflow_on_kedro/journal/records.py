"""What a journal holds beside its entries: what the run is, here and in MLflow."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..config.sections import MAX_COPY
from .entries import Entry

FORMAT = 1


@dataclass(frozen=True)
class Header:
    """What a run is, before MLflow knows of it.

    Attributes:
        journal: The journal's id, unique everywhere.
        uri: Where to track, without credentials; None: decided by the project that delivers.
        experiment: The experiment's name.
        experiment_id: Its id, where that is known instead.
        artifact_location: ``experiment.artifact_location``.
        experiment_tags: Tags that the experiment should have.
        restore_experiment: Whether a deleted experiment is restored.
        run_name: The run's name; None: MLflow makes one up.
        run_id: The run to continue; None: a new one.
        parent: The run's parent.
        given_parent: A parent that the user or the environment names, and that need not be there;
            the run is in its experiment.
        key: ``run.key``: runs with the same one are one.
        work: What this pipeline does of a run with a key: see :func:`~.tracking.parts.work_of`.
        resume: The journal whose run is to go on, if it has failed (``run.resume``).
        owned: Whether ending the run is up to this pipeline.
        trace: Whether the run becomes a trace, too.
        registers: Whether the pipeline saves models for the model registry.
        start_ms: When the pipeline began, in milliseconds since the epoch.
        root: The project's root.
        kedro_run_id: Kedro's own id of the run.
        user: Who runs the pipeline, if it is known.
        group: The namespace or registered pipeline whose child run it is (``run.children``).
        max_copy: The most bytes of an artifact that are copied: ``tracking.max_copy``.
        format: The version of the journal's format.
    """

    journal: str
    experiment: str
    start_ms: int
    root: str
    uri: str | None = None
    experiment_id: str | None = None
    artifact_location: str | None = None
    experiment_tags: dict[str, str] = field(default_factory=dict)
    restore_experiment: bool = True
    run_name: str | None = None
    run_id: str | None = None
    parent: str | None = None
    given_parent: str | None = None
    key: str | None = None
    work: list[str] = field(default_factory=list)
    resume: str | None = None
    owned: bool = True
    registers: bool = False
    trace: bool = False
    kedro_run_id: str | None = None
    user: str | None = None
    group: str | None = None
    max_copy: int = MAX_COPY
    format: int = FORMAT


@dataclass(frozen=True)
class Opened:
    """A run that MLflow has."""

    run_id: str
    experiment_id: str
    artifact_uri: str
    name: str


@dataclass
class Chunk:
    """Some entries of a journal.

    Attributes:
        entries: In the order in which each process wrote them.
        positions: How far each file is read once they are delivered.
        damaged: File and line of what could not be read.
    """

    entries: list[Entry] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SetAside:
    """An entry that the server or the artifact store refuses, while it takes others.

    Attributes:
        entry: The entry.
        reason: What the server answered, in one line.
        time: When it was refused last, in milliseconds since the epoch.
        tries: How often it was tried.
        may_pass: Whether the answer may be another one later without anybody's doing.
    """

    entry: Entry
    reason: str
    time: int
    tries: int
    may_pass: bool = False


@dataclass(frozen=True)
class Trouble:
    """Why a whole lane of a run waits.

    Attributes:
        reason: What went wrong, in one line.
        time: When it was tried last, in milliseconds since the epoch.
    """

    reason: str
    time: int
