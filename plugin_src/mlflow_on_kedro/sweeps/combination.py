"""One combination of a sweep: what a worker process is to run, and what has come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FINISHED, FAILED = "FINISHED", "FAILED"
SHARED = "shared"
"""The name of the run of the nodes that do not depend on the sweep's parameters."""


@dataclass(frozen=True)
class Setup:
    """What all combinations of a sweep have in common.

    Attributes:
        root: The project's root.
        sweep: The sweep's id.
        folder: The sweep's folder.
        parent: The id of the sweep's run in MLflow.
        pipeline: The name of the pipeline.
        tags: Only the nodes that have one of these tags.
        runner: The class of the runner, as for ``kedro run --runner``.
        params: Parameters that are the same in all combinations (``--params``).
        env: The Kedro environment.
        conf_source: The folder or archive with the configuration.
        kept: Entries of the catalog for values in memory that the shared nodes make.
    """

    root: Path
    sweep: str
    folder: Path
    parent: str
    pipeline: str = "__default__"
    tags: tuple[str, ...] = ()
    runner: str = "SequentialRunner"
    params: Mapping[str, Any] = field(default_factory=dict)
    env: str | None = None
    conf_source: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Combination:
    """A part of the pipeline that is to run with certain values.

    Attributes:
        key: The name of its files: a number such as ``0003``, or :data:`SHARED`.
        name: The name of its run.
        values: The parameters' values by their dotted names.
        from_nodes: Run the nodes that begin here; empty: the whole pipeline.
        node_names: Run these nodes only; empty: see ``from_nodes``.
        outputs: The datasets whose files are this combination's own.
    """

    key: str
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    from_nodes: tuple[str, ...] = ()
    node_names: tuple[str, ...] = ()
    outputs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Result:
    """What has come of a combination.

    Attributes:
        key: As that of the combination.
        name: The name of its run.
        values: The parameters' values.
        status: FINISHED or FAILED.
        run_id: The run in MLflow; None: MLflow did not answer, and gets the run later.
        metrics: The user's metrics of the run; None: they could not be read.
        seconds: How long it took.
        error: Why it failed; "" if it did not.
    """

    key: str
    name: str
    values: Mapping[str, Any]
    status: str
    run_id: str | None = None
    metrics: Mapping[str, float] | None = None
    seconds: float = 0.0
    error: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether the combination need not run again."""
        return self.status == FINISHED
