"""The run of a sweep in MLflow: the parent of the runs of its combinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config.sections import Config
from ..errors import MLflowOnKedroError
from ..journal.outbox import Outbox
from ..journal.records import Opened
from ..journal.run_logger import RunLogger
from ..mlflow_internals.tags import NOTE
from ..runs import provenance
from ..runs.run_lifecycle import RunLifecycle
from ..runs.run_request import RunRequest
from ..tracking import orchestrators, store, tables
from ..tracking.description import within_limit
from ..utils.secrets import mask_urls

TABLE = "sweep.json"
CHART = "sweep.html"


@dataclass(eq=False)
class SweepRun(RunLogger):
    """A sweep's run, which goes through a journal like that of a pipeline.

    No MLflow call of anybody else lands in it: it is not the active run.

    Attributes:
        config: The whole configuration.
        lifecycle: Keeps its journal, and ends it.
        opened: The run in MLflow.
        earlier_params: The names of parameters that it has from before, if the sweep goes on.
    """

    config: Config
    lifecycle: RunLifecycle
    opened: Opened
    earlier_params: frozenset[str] = frozenset()
    secret_params: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        self._start_logging()

    @classmethod
    def open(
        cls,
        config: Config,
        root: Path,
        package: str | None,
        *,
        name: str,
        sweep: str,
        tags: Mapping[str, str],
        run_id: str | None = None,
    ) -> SweepRun:
        """Open the run of a sweep.

        Args:
            config: The whole configuration.
            root: The project's root.
            package: The project's package.
            name: The run's name.
            sweep: The sweep's id.
            tags: The run's tags.
            run_id: The run of the sweep that goes on.

        Raises:
            MLflowOnKedroError: MLflow does not answer, or may not be asked: the runs of the
                combinations need this one's id.
        """
        run = replace(
            config.run,
            id=run_id,
            name=name,
            resume=False,
            # An orchestrator's key is for the one run of its tasks.
            key=f"{orchestrators.run_key()}/{sweep}" if orchestrators.run_key() else None,
        )
        request = RunRequest(
            config=replace(config, run=run, trace=False),
            root=root,
            package=package,
            series=f"sweep {sweep}",
            tags={**provenance.source_tags(root, package, provenance.git_state(root)), **tags},
        )
        if request.is_offline:
            raise MLflowOnKedroError(
                "A sweep needs MLflow when it begins, because its runs are children of its own: "
                "`tracking.mode` is offline."
            )
        lifecycle = RunLifecycle(request)
        lifecycle.open()
        lifecycle.wait_open()
        opened = lifecycle.opened
        if opened is None:
            lifecycle.end("KILLED", limit=0)
            if lifecycle.journal is not None:
                lifecycle.journal.discard()
            raise MLflowOnKedroError(
                f"MLflow at {mask_urls(request.uri)} does not answer, and a sweep needs it when it "
                "begins, because its runs are children of its own. Nothing has run."
            )
        earlier = store.connect(request.uri).get_run(run_id).data.params if run_id else {}
        made = cls(request.config, lifecycle, opened, frozenset(earlier))
        for key, value in {**request.tags, **run.tags}.items():
            made.set_tag(key, value)
        for key, value in provenance.version_tags().items():
            made.set_tag(key, value)
        return made

    @property
    def outbox(self) -> Outbox:
        """Takes the entries."""
        return self.lifecycle.outbox

    def describe(self, text: str) -> None:
        """Set the description that MLflow shows above the run, unless mlflow.yml has one."""
        self.set_tag(NOTE, within_limit(self.config.run.description or text))

    def log_table(self, content: str) -> None:
        """Log the table of all combinations.

        Args:
            content: JSON as ``mlflow.log_table`` writes it.
        """
        self.log_text(content, TABLE)
        self.set_tag(tables.TAG, tables.tag_value(TABLE))

    def log_best(self, values: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log the best combination's values and metrics, as ``best.<name>``.

        The values are tags, too: another combination may be the best once the sweep goes on, and
        MLflow's parameters cannot change.
        """
        for name, value in values.items():
            key = f"best.{name}"
            self.set_tag(key, value)
            if key not in self.earlier_params:
                self.log_param(key, value)
        for name, number in metrics.items():
            self.log_metric(f"best.{name}", number)

    def end(self, status: str) -> None:
        """Deliver everything and end the run."""
        self.lifecycle.end(status)
