"""What a journal holds beside its entries: the run's header and the state of its delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..config.sections import MAX_COPY
from .entries import Entry

FORMAT = 1


@dataclass(frozen=True)
class Header:
    """What a run is, before it is created in MLflow.

    Attributes:
        journal: The journal's id, unique everywhere.
        uri: Where to track, without credentials; None: as the project that delivers it tracks.
        experiment: The experiment's name.
        experiment_id: The experiment's id, if it is given instead of the name.
        artifact_location: ``experiment.artifact_location``.
        experiment_tags: Tags to set on the experiment.
        restore_experiment: Whether a deleted experiment is restored.
        run_name: The run's name; None: MLflow generates one.
        run_id: The run to continue; None: a new one.
        parent: The id of the parent run.
        given_parent: A parent that the user or the environment names, and that may not exist; the
            run is in its experiment.
        key: ``run.key``: pipelines with the same key log to one run.
        work: The part of a run with a key that this pipeline does: see
            :func:`~.tracking.parts.work_of`.
        resume: The journal of the failed run that this one continues (``run.resume``).
        owned: Whether this pipeline ends the run.
        trace: Whether the run is logged as a trace, too.
        trace_detail: How much of the run that has: see :mod:`mlflow_on_kedro.config.trace_options`.
        trace_per: ``run``, or ``node`` for a trace for each node.
        registers: Whether the pipeline saves models for the model registry.
        start_ms: When the pipeline began, in milliseconds since the epoch.
        root: The project's root.
        kedro_run_id: Kedro's own id of the run.
        user: The user who runs the pipeline, if known.
        group: The namespace or registered pipeline of a child run (``run.children``).
        max_copy: ``tracking.max_copy``: the most bytes of an artifact that are copied.
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
    trace_detail: str = "all"
    trace_per: str = "run"
    kedro_run_id: str | None = None
    user: str | None = None
    group: str | None = None
    max_copy: int = MAX_COPY
    format: int = FORMAT

    @property
    def has_shared_run(self) -> bool:
        """Whether other processes or attempts may log to the same run."""
        return bool(self.key or self.run_id or self.resume)


@dataclass(frozen=True)
class Opened:
    """A run that exists in MLflow.

    Attributes:
        run_id: Its id.
        experiment_id: That of its experiment.
        artifact_uri: Where its artifacts are.
        name: Its name.
        joined: Whether another process with the same key (``run.key``) has created it.
    """

    run_id: str
    experiment_id: str
    artifact_uri: str
    name: str
    joined: bool = False


@dataclass
class Chunk:
    """Some entries of a journal.

    Attributes:
        entries: In the order in which each process wrote them.
        positions: How many bytes of each file are read with them.
        damaged: The file and position of each line that could not be read.
    """

    entries: list[Entry] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SetAside:
    """An entry that the server or the artifact store refuses, while it takes others.

    Attributes:
        entry: The entry.
        reason: The server's answer, in one line.
        time: When it was last refused, in milliseconds since the epoch.
        tries: How often it was sent.
        may_pass: Whether it may be accepted later although nobody changes anything.
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
        time: The last try, in milliseconds since the epoch.
    """

    reason: str
    time: int


@dataclass(frozen=True)
class Watched:
    """The files of ``artifacts.every``.

    Attributes:
        patterns: The files, folders and globs.
        known: The size and time of last change, as in :data:`~.snapshot.State`, of the files that
            need not be logged again: those logged, and those from before the pipeline.
    """

    patterns: list[str]
    known: dict[Path, tuple[int, int]]
