"""``kedro/timeline.json``: all timings of a run, as an artifact of it.

The run's Gantt chart, also that of ``kedro mlflow gantt``, is drawn from it::

    {
      "format": 1,
      "workers": [{"host": "laptop", "process": 4711, "thread": "MainThread"}],
      "spans": [
        {"kind": "load", "node": "train", "dataset": "wines", "start": 1790000000.25,
         "end": 1790000000.5, "step": 1, "worker": 0},
        ...
      ]
    }

Each span is a load or save of a dataset by a node (``load``, ``save``), a node's function
(``run``), or the whole ``pipeline``. Times are in seconds since the epoch, with microseconds.
``step`` is the node's place in the pipeline, ``worker`` the place in ``workers``. A span has
``failed: true`` if it ended in an error, ``label`` if metrics and charts call the node otherwise,
and ``imports`` if some of its seconds were spent in the first import of libraries. With system
metrics, a node's function has ``usage``: the mean and the peak of the processor, the memory and the
GPUs while it ran, such as ``{"process_cpu_percentage": {"mean": 98.2, "peak": 180.0}}``.

A pipeline that logs to a run of its own writes ``kedro/timeline.json``. One whose run is also that
of other processes or attempts (``run.key``, ``run.id``, ``MLFLOW_RUN_ID``, ``run.resume``) writes
``kedro/timeline/<id of its journal>.json``, so that none overwrites another's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, cast

from ..journal import usage
from ..journal.entries import SpanRecord
from ..journal.folder import LAST_MS
from ..journal.records import Header
from ..journal.span import Span
from ..tracking.timing_metrics import Kind

FOLDER = "kedro"
FILE = f"{FOLDER}/timeline.json"
PARTS = f"{FOLDER}/timeline"
FORMAT = 1
_KINDS = ("load", "run", "save")
_WORKER = re.compile(r"[^/]*/\d+/.*", re.DOTALL)
_LAST = LAST_MS / 1000


def path_of(header: Header) -> str:
    """Return the path of the timeline among the artifacts of a run.

    Args:
        header: The header of the run's journal.
    """
    return f"{PARTS}/{header.journal}.json" if header.has_shared_run else FILE


def to_text(records: Iterable[SpanRecord]) -> str | None:
    """Write the content of the file; None: nothing has been timed.

    Args:
        records: The timings of a run. Those that have no end are left out.
    """
    ended = sorted({record for record in records if record.end}, key=lambda item: item.start)
    if not ended:
        return None
    known = dict.fromkeys(item.worker for item in ended if _WORKER.fullmatch(item.worker))
    workers = {worker: place for place, worker in enumerate(known)}
    # One span a line, which is short and can be read.
    spans = ",\n".join(json.dumps(_to_json(record, workers)) for record in ended)
    rows = json.dumps([_worker_to_json(worker) for worker in workers])
    return f'{{"format": {FORMAT}, "workers": {rows}, "spans": [\n{spans}\n]}}\n'


def _worker_to_json(worker: str) -> dict[str, Any]:
    host, process, thread = worker.split("/", 2)
    return {"host": host, "process": int(process), "thread": thread}


def _to_json(record: SpanRecord, workers: dict[str, int]) -> dict[str, Any]:
    content: dict[str, Any] = {"kind": record.what}
    if record.node:
        content["node"] = record.node
    if record.what == "run" and record.name != record.node:
        content["label"] = record.name
    elif record.what in ("load", "save"):
        content["dataset"] = record.name
    content |= {"start": round(record.start, 6), "end": round(record.end, 6)}
    if record.node:
        content["step"] = record.step
    if record.worker in workers:
        content["worker"] = workers[record.worker]
    if record.error:
        content["failed"] = True
    if record.imports:
        content["imports"] = round(record.imports, 6)
    if used := usage.from_text(record.usages):
        content["usage"] = usage.to_json(used)
    return content


def from_text(text: str) -> list[Span]:
    """Read the spans of nodes, loads and saves; nodes are named by their labels.

    Raises:
        ValueError: The text is no timeline, or one of a newer version of the plugin.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}, not {FORMAT}")
        workers = [f"{x['host']}/{x['process']}/{x['thread']}" for x in content["workers"]]
        rows = [row for row in content["spans"] if row["kind"] in _KINDS]
        labels = {row["node"]: row["label"] for row in rows if "label" in row}
        return [_from_json(row, labels, workers) for row in rows]
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"it is damaged ({type(error).__name__}: {error})") from None


def _from_json(row: dict[str, Any], labels: dict[str, str], workers: list[str]) -> Span:
    node = str(labels.get(row["node"], row["node"]))
    start, end, imports = (float(row.get(key, 0)) for key in ("start", "end", "imports"))
    if not all(0 <= seconds < _LAST for seconds in (start, end, imports)):
        raise ValueError("it has a time out of range")
    return Span(
        cast("Kind", row["kind"]),
        node,
        str(row["dataset"]) if row["kind"] != "run" else node,
        start,
        end,
        int(row["step"]),
        failed=bool(row.get("failed")),
        worker=workers[row["worker"]] if "worker" in row else "",
        imports=imports,
        usages=usage.from_json(row.get("usage", {})),
    )


def to_span(record: SpanRecord) -> Span | None:
    """Make the chart's span of a record; None: it has not ended, or is the whole pipeline's."""
    if record.what not in _KINDS or not record.end:
        return None
    return Span(
        cast("Kind", record.what),
        record.node,
        record.name if record.what != "run" else record.node,
        record.start,
        record.end,
        record.step,
        failed=bool(record.error),
        worker=record.worker,
        imports=record.imports,
        usages=usage.from_text(record.usages),
    )
