"""``RunFacts``: all of a run that can explain its results, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DataFacts:
    """Data that a run has read.

    Attributes:
        digest: What changes when the data or their source do.
        sha256: The SHA-256 of the file, if they are in one; "" if unknown.
        place: Their file or table; "" if unknown.
        rows: How many rows they have; None: unknown.
    """

    digest: str
    sha256: str = ""
    place: str = ""
    rows: int | None = None

    def is_same(self, other: DataFacts) -> bool:
        """Whether both are the same data: a file may have been moved."""
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return self.digest == other.digest


@dataclass(frozen=True)
class CodeFacts:
    """The project's code.

    Attributes:
        commit: The git commit; "" if there is none.
        branch: Its branch; "" if unknown.
        remote: The address of the repository; "" if unknown.
        root: The project's folder inside the repository; "" for the top.
        dirty: Whether files differed from the commit or were untracked; None: unknown.
        diff: How they differed, as ``git diff`` prints it; None: not recorded.
        untracked: Files that git did not track, relative to the project.
        left_out: Changed files that ``diff`` has not, each with the reason.
        is_cut: Whether ``diff`` is not complete.
        is_masked: Whether secrets in ``diff`` are masked.
    """

    commit: str = ""
    branch: str = ""
    remote: str = ""
    root: str = ""
    dirty: bool | None = None
    diff: str | None = None
    untracked: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_masked: bool = False

    @property
    def short(self) -> str:
        """The commit in a few characters, and whether files differed from it."""
        changes = " with changes" if self.dirty else ""
        return f"{self.commit[:8]}{changes}" if self.commit else "none"


@dataclass(frozen=True)
class RunFacts:
    """All of a run that can explain its results. None: that was not recorded.

    Attributes:
        run_id: Its id; "" for the project as it is now.
        name: Its name.
        experiment_id: The id of its experiment.
        status: MLflow's status.
        start_ms: When it began, in milliseconds since the epoch.
        command: The command that repeats it.
        failed_node: The node that failed.
        combination: Which combination of a sweep it is: its number, or ``shared``; "": none.
        data: The data that it has read: dataset -> its facts.
        loaded: The versions of what it has loaded: dataset -> what is known of it.
        code: The project's code.
        parameters: Kedro's parameters: name, joined by ``.`` -> value.
        parameters_whole: The same as nested dicts, without values that YAML could not express.
        logged_params: The parameters in MLflow.
        catalog: The catalog: dataset and key, joined by ``.`` -> value.
        catalog_whole: The same as nested dicts.
        pipeline: The nodes: name -> function, inputs and outputs; and what was chosen to run.
        graph: ``kedro/pipeline.json`` as it is.
        packages: The installed packages: name -> its line in a requirements file.
        environment: Python, platform, hardware and environment variables: name -> value.
        metrics: The user's metrics, without timings and system metrics: name -> last value.
        durations: How long each node took, in seconds.
    """

    run_id: str = ""
    name: str = ""
    experiment_id: str = ""
    status: str = ""
    start_ms: int = 0
    command: str = ""
    failed_node: str = ""
    combination: str = ""
    data: Mapping[str, DataFacts] | None = None
    loaded: Mapping[str, Mapping[str, Any]] | None = None
    code: CodeFacts | None = None
    parameters: Mapping[str, Any] | None = None
    parameters_whole: Mapping[str, Any] = field(default_factory=dict)
    logged_params: Mapping[str, str] | None = None
    catalog: Mapping[str, Any] | None = None
    catalog_whole: Mapping[str, Any] = field(default_factory=dict)
    pipeline: Mapping[str, Any] | None = None
    graph: Mapping[str, Any] = field(default_factory=dict)
    packages: Mapping[str, str] | None = None
    environment: Mapping[str, Any] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
