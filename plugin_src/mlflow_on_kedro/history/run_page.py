"""``RunPage``: all that is known of one run, for a terminal, a notebook or a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ..journal.span import Span
from ..journal.usage import to_json
from ..mlflow_internals.tags import DATASET_CONTEXT, PARENT_RUN
from ..prompts import links
from ..timeline.finished_run_spans import spans_of_finished_run
from ..timeline.text_chart import LEGEND, text_chart
from ..timeline.usage_texts import peaks_in_words
from ..tracking import store
from ..tracking.failure_messages import failure_message
from ..tracking.parts import ERROR_TAG
from ..tracking.user import USER_TAG
from ..utils.clock import local_time
from ..utils.secrets import mask_urls
from .page_html import page_html
from .page_text import page_text
from .run_files import RunFiles
from .run_record import RunRecord
from .sections import Section
from .texts import duration, number, size

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_MOST_CHILDREN = 20
_MOST_ROWS = 200
_MOST_VALUE = 1000
_NOT_THE_USERS = ("mlflow.", "mlflow_on_kedro.", "kedro.", "kedro_")
"""How the names begin of tags that MLflow and this plugin set; ``error`` is one more."""
_MACHINE = "kedro.hardware."

ReadT = TypeVar("ReadT")


@dataclass(frozen=True)
class InputDataset:
    """A dataset that the run has read.

    Attributes:
        name: Its name.
        digest: MLflow's digest of it.
        context: What it was used for; "" if the run does not say.
    """

    name: str
    digest: str
    context: str = ""


@dataclass(frozen=True)
class RunPage:
    """All that is known of a run; it prints as text, and is shown as HTML in a notebook.

    Attributes:
        record: The run.
        url: The address of its page in MLflow's UI; "" if there is no server.
        datasets: What it has read.
        files: Its models and files; None: they cannot be read.
        children: Its newest child runs.
        spans: The timings of its nodes.
        problems: Messages on what cannot be read.
    """

    record: RunRecord
    url: str = ""
    datasets: Sequence[InputDataset] = ()
    files: RunFiles | None = None
    children: Sequence[RunRecord] = ()
    spans: Sequence[Span] = ()
    problems: list[str] = field(default_factory=list)

    @classmethod
    def from_run(cls, runs: Runs, run: Any, prefix: str | None = None) -> RunPage:
        """Read what MLflow and its artifact store have of a run.

        Args:
            runs: The runs of the project.
            run: MLflow's entity of the run.
            prefix: ``time.prefix`` of mlflow.yml.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached. If only the artifact store cannot be,
                that is one of the ``problems``.
        """
        client, run_id = runs.client, run.info.run_id
        problems: list[str] = []

        def read(call: Callable[[], ReadT], effect: str) -> ReadT | None:
            try:
                return call()
            except Exception as error:
                problems.append(failure_message(runs.uri, error, effect, setting=runs.setting))
                return None

        below = runs.children_of(run, _MOST_CHILDREN)
        files = read(lambda: RunFiles.from_run(client, run), "so its files are not listed")
        spans = read(
            lambda: spans_of_finished_run(client, run, prefix), "so its timings are not shown"
        )
        return cls(
            RunRecord.from_run(run),
            store.run_url(runs.uri, run.info.experiment_id, run_id) or "",
            _datasets(run),
            files,
            [RunRecord.from_run(child) for child in below],
            spans or (),
            problems,
        )

    def to_text(self, width: int = 80) -> str:
        """Write the page as text.

        Args:
            width: The most characters of a line; 0: lines are not broken.
        """
        chart = text_chart(self.spans, (width or 100) - 2)
        title = f"{self.record.name}  {self.record.status}"
        return page_text(title, self.sections(), [*chart, LEGEND] if chart else [], width)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``--json``."""
        files = self.files
        return {
            **self.record.to_json(),
            "url": self.url or None,
            "tags": self.record.tags,
            "datasets": [vars(item) for item in self.datasets],
            "models": files.models if files else None,
            "artifacts": {file.path: file.size for file in files.files} if files else None,
            "children": [child.run_id for child in self.children],
            "timeline": [
                {
                    "kind": span.kind,
                    "node": span.node,
                    "name": span.name,
                    "start": round(span.start, 6),
                    "seconds": round(span.duration, 6),
                    "failed": span.failed,
                    **({"usage": to_json(span.usages)} if span.usages else {}),
                }
                for span in self.spans
            ],
            "problems": self.problems,
        }

    def sections(self) -> list[Section]:
        """Return the parts of the page, in order."""
        record = self.record
        params = [(key, _cut(value)) for key, value in record.params.items()]
        return [
            Section("", self._facts()),
            Section("Metrics", [(key, number(value)) for key, value in record.metrics.items()]),
            Section("Parameters", params[:_MOST_ROWS], _more(len(params), _MOST_ROWS)),
            Section("Tags", self._tags()),
            Section("Datasets used", [(x.name, x.digest, x.context) for x in self.datasets]),
            Section("Prompts", _prompts(record)),
            *self._artifacts(),
            Section("Peak use of each node", self._peaks()),
            Section("Child runs", [_child(child) for child in self.children]),
            Section("Could not be read", note="\n".join(self.problems)),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        record = self.record
        took = f", took {duration(record)}" if record.seconds is not None else ""
        facts = {
            "id": record.run_id,
            "started": local_time(record.start_ms) + took,
            "failure": _cut(record.failure),
            "command": record.command,
            "user": record.tags.get(USER_TAG, ""),
            "code": record.code,
            "machine": ", ".join(
                text for tag, text in record.tags.items() if tag.startswith(_MACHINE)
            ),
            "parent": record.tags.get(PARENT_RUN, ""),
            "page": self.url,
        }
        return [(label, text) for label, text in facts.items() if text]

    def _tags(self) -> list[tuple[str, str]]:
        """Return the tags that somebody has chosen."""
        tags = self.record.tags.items()
        chosen = [(key, _cut(text)) for key, text in tags if not key.startswith(_NOT_THE_USERS)]
        return [(key, text) for key, text in chosen if key != ERROR_TAG][:_MOST_ROWS]

    def _peaks(self) -> list[tuple[str, str]]:
        used = [(span.node, peaks_in_words(span.usages)) for span in self.spans if span.usages]
        return used[:_MOST_ROWS]

    def _artifacts(self) -> list[Section]:
        if self.files is None:
            return []
        rows = [(file.path, size(file.size)) for file in self.files.files]
        note = "" if self.files.is_all else "There are more, which are not listed here."
        models = [(name, model_id) for name, model_id in self.files.models.items()]
        return [Section("Models", models), Section("Artifacts", rows, note)]

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return page_html(self.record.name, self.record.status, self.sections(), self.spans)


def _datasets(run: Any) -> list[InputDataset]:
    inputs = getattr(run, "inputs", None)
    found = []
    for item in inputs.dataset_inputs if inputs is not None else ():
        contexts = [str(tag.value) for tag in item.tags or () if tag.key == DATASET_CONTEXT]
        name, digest = str(item.dataset.name), str(item.dataset.digest)
        found.append(InputDataset(mask_urls(name), digest, ", ".join(contexts)))
    return sorted(found, key=lambda dataset: (dataset.name, dataset.digest))


def _prompts(record: RunRecord) -> list[tuple[str, str]]:
    """Return the name and version of each prompt that a run has used."""
    try:
        linked = links.in_tags(record.tags)
        return [(str(prompt["name"]), f"version {prompt['version']}") for prompt in linked]
    except (ValueError, TypeError, KeyError):  # somebody else has written the tag
        return []


def _child(child: RunRecord) -> tuple[str, str, str, str]:
    return child.run_id, child.name, child.status, duration(child)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_VALUE else f"{text[:_MOST_VALUE]}… ({len(text):,} characters)"


def _more(count: int, most: int) -> str:
    return f"… and {count - most:,} more" if count > most else ""
