"""B9: runs that wait in journals: how fast they are synced, and what they cost another run."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.proxy import Proxy

from .bench import Bench
from .measure import Check, Cost, Outcome, alternate
from .projects import OURS, Project, Shape

NAME = "B9"
TITLE = "300 offline runs of 20 params, 20 metrics and 3 files synced; 2,000 journals that wait"
DELAY_SECONDS = 0.05
WORKERS = 4  # as `mlflow server` has by default
SYNC_SECONDS = 60.0
EXTRA_MB = 50.0
EXTRA_MS = 20.0

_RUN = Shape(nodes=1, params=20, metrics=20, artifacts=3)
_OFFLINE = ("--params", "mlflow.tracking.mode=offline")
_COUNT = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
ids = [found.experiment_id for found in client.search_experiments()]
found, token = 0, None
while True:
    page = client.search_runs(ids, "attributes.status = 'FINISHED'", page_token=token)
    found += sum(len(run.data.params) >= 20 and len(run.data.metrics) >= 20 for run in page)
    token = page.token
    if not token:
        break
print(found)
"""


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    _sync(bench, outcome)
    _wait(bench, outcome)
    return outcome


# -- syncing ---------------------------------------------------------------------------------------


def _sync(bench: Bench, outcome: Outcome) -> None:
    few, many = bench.choose(30, 5), bench.choose(300, 20)
    samples = outcome.samples
    for count in few, many:
        samples.add(f"SQLite, {count} runs", _sync_to(bench, bench.empty_store(), count))
    with bench.server(delay=DELAY_SECONDS, workers=WORKERS) as proxy:
        samples.add(f"server, {many} runs", _sync_to(bench, proxy.uri, many))
        requests = len(proxy.requests)
    with bench.server(delay=DELAY_SECONDS, workers=WORKERS) as proxy:
        samples.add(f"server, {few} runs with charts", _sync_to(bench, proxy.uri, few, chart=True))
    seconds = samples.wall(f"server, {many} runs")
    each_second = requests / seconds
    more = samples.peak_mb(f"SQLite, {many} runs") - samples.peak_mb(f"SQLite, {few} runs")
    outcome.checks += [
        Check(f"server 50 ms away: {many} runs", seconds, SYNC_SECONDS, "s"),
        Check(f"memory for {many} runs more than for {few}", more, EXTRA_MB, "MB"),
    ]
    outcome.notes += [
        f"server 50 ms away: {requests / many:.1f} requests a run, {each_second:.0f} a second",
        f"SQLite: {samples.wall(f'SQLite, {many} runs') / many:.2f} s a run",
    ]


def _sync_to(bench: Bench, uri: str, count: int, *, chart: bool = False) -> Cost:
    project = _project(bench, uri, chart=chart)
    _copy_journal(_run_offline(project), count - 1)
    cost = project.kedro("mlflow", "sync")
    left = len(_journals(project))
    bench.python(_COUNT, uri)
    delivered = int((bench.folder / "python.log").read_text(encoding="utf-8").split()[-1])
    if left or delivered != count:
        raise RuntimeError(f"{project.root}: {left} journals are left, {delivered} runs are there")
    return cost


# -- waiting ---------------------------------------------------------------------------------------


def _wait(bench: Bench, outcome: Outcome) -> None:
    count = bench.choose(2000, 200)
    with contextlib.closing(Proxy("http://127.0.0.1:1")) as away:
        away.mode = "hang"
        none, offline, elsewhere = "none waits", f"{count} offline", f"{count} for a server away"
        calls: dict[str, Callable[[], Cost]] = {}
        for variant, uri in (none, None), (offline, None), (elsewhere, away.uri):
            project = _project(bench, bench.empty_store())
            if variant != none:
                journal = _run_offline(project)
                _copy_journal(journal, count, uri=uri)
                shutil.rmtree(journal)
            calls[variant] = _kept(project)
        alternate(outcome.samples, calls, bench.choose(25, 2), warm_up=True)
    costs = outcome.samples.costs
    for variant in offline, elsewhere:
        pairs = zip(costs[variant], costs[none], strict=True)
        added = statistics.median(with_them.wall - without.wall for with_them, without in pairs)
        what = f"a run's wall more, while journals wait: {variant}"
        outcome.checks.append(Check(what, 1000 * added, EXTRA_MS, "ms"))
        more = outcome.samples.cpu(variant) - outcome.samples.cpu(none)
        outcome.notes.append(f"{variant}: {1000 * more:.0f} ms of CPU more than with none")


def _kept(project: Project) -> Callable[[], Cost]:
    """What runs the project, and makes sure that what waits still does."""
    waiting = len(_journals(project))

    def run_it() -> Cost:
        cost = project.kedro("run")
        left = len(_journals(project))
        if left != waiting:
            raise RuntimeError(f"{project.root}: {left} journals instead of {waiting}")
        return cost

    return run_it


# -- journals --------------------------------------------------------------------------------------


def _project(bench: Bench, uri: str, *, chart: bool = False) -> Project:
    project = bench.projects(_RUN, OURS, uri=uri)[OURS]
    content = {"tracking": {"uri": uri}, "time": {"gantt": chart}}
    path = project.root / "conf/base/mlflow.yml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return project


def _journals(project: Project) -> list[Path]:
    folder = project.root / ".mlflow_on_kedro" / "journal"
    return [path.parent for path in folder.glob("*/run.json")]


def _run_offline(project: Project) -> Path:
    """Run the project offline; the journal of that."""
    project.kedro("run", *_OFFLINE)
    (journal,) = _journals(project)
    return journal


def _copy_journal(journal: Path, count: int, uri: str | None = None) -> None:
    """Make journals of further runs, each later than the one before: 300 real ones take minutes.

    Args:
        journal: A real one.
        count: How many.
        uri: Where these runs were to be tracked. Default: as that one.
    """
    header: dict[str, Any] = json.loads((journal / "run.json").read_text(encoding="utf-8"))
    kedro_id = header["kedro_run_id"]
    for number in range(1, count + 1):
        name = secrets.token_hex(12)
        folder = journal.with_name(name)
        shutil.copytree(journal, folder)
        for path in folder.glob("*.json*"):
            text = path.read_text(encoding="utf-8")
            text = text.replace(header["journal"], name)
            if kedro_id:
                text = text.replace(kedro_id, f"{kedro_id}-{number}")
            path.write_text(text, encoding="utf-8")
        changed = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        changed["start_ms"] = header["start_ms"] + number
        changed["uri"] = uri or header["uri"]
        (folder / "run.json").write_text(json.dumps(changed), encoding="utf-8")
