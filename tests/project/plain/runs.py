"""Runs below the active one, started, ended and looked for as scripts do."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mlflow
from mlflow.entities import RunStatus

from .values import refused, run_id


def nested() -> Any:
    with mlflow.start_run(run_name="outer", nested=True, tags={"t": "x"}, description="About"):
        mlflow.log_param("p", "outer")
        mlflow.log_metric("m", 1, step=1)
        with mlflow.start_run(run_name="inner", nested=True) as inner:
            mlflow.log_param("p", "inner")
            mlflow.log_text("inner", "inner.txt")
            with mlflow.start_run(run_name="innermost", nested=True):
                mlflow.log_metric("m", 3)
        mlflow.log_metric("m", 2, step=2)
        read = mlflow.get_run(inner.info.run_id)
    mlflow.log_metric("after_nested", 1)
    return [read.info.status, read.data.params, inner.data.params, inner.info.status]


def nested_without_name() -> Any:
    with mlflow.start_run(nested=True) as run:
        mlflow.set_tag("mlflow.runName", "named later")
    return run.info.run_name != ""


def failing() -> Any:
    try:
        with mlflow.start_run(run_name="failing", nested=True):
            mlflow.log_metric("m", 1)
            raise ValueError("x")  # noqa: TRY301 - that is the case
    except ValueError:
        mlflow.log_param("survived", 1)
    with mlflow.start_run(run_name="by hand", nested=True):
        mlflow.end_run("KILLED")
    run = mlflow.start_run(run_name="failed by hand", nested=True)
    mlflow.end_run(RunStatus.to_string(RunStatus.FAILED))
    return mlflow.get_run(run.info.run_id).info.status


def reopened() -> Any:
    with mlflow.start_run(run_name="reopened", nested=True) as first:
        mlflow.log_metric("m", 1, step=0)
    with mlflow.start_run(run_id=first.info.run_id, nested=True) as second:
        mlflow.log_metric("m", 2, step=1)
        mlflow.log_param("p", 1)
    return [first.info.run_id == second.info.run_id, mlflow.get_run(first.info.run_id).info.status]


def not_nested() -> Any:
    return refused(mlflow.start_run, run_id="no such run", nested=True)


def child_with_log_to_parent() -> Any:
    above = run_id()
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("to_parent", 1, run_id=above)
        mlflow.MlflowClient().log_param(above, "to_parent_p", 1)
        parent = mlflow.get_parent_run(child.info.run_id)
    return [parent is not None and parent.info.run_id == above, run_id() == above]


def by_client() -> Any:
    mine = mlflow.MlflowClient()
    active = mlflow.active_run()
    assert active is not None
    made = mine.create_run(
        active.info.experiment_id,
        run_name="by client",
        tags={"mlflow.parentRunId": active.info.run_id, "t": "x"},
    )
    mine.log_metric(made.info.run_id, "m", 1)
    mine.log_text(made.info.run_id, "x", "x.txt")
    mine.update_run(made.info.run_id, name="renamed")
    mine.set_terminated(made.info.run_id, "FAILED")
    return mine.get_run(made.info.run_id).info.status


def deleted_and_restored() -> Any:
    mine = mlflow.MlflowClient()
    with mlflow.start_run(run_name="deleted", nested=True) as gone:
        mlflow.log_metric("m", 1)
    with mlflow.start_run(run_name="restored", nested=True) as back:
        mlflow.log_metric("m", 1)
    mlflow.delete_run(gone.info.run_id)
    mlflow.delete_run(back.info.run_id)
    mine.restore_run(back.info.run_id)
    return [mine.get_run(each.info.run_id).info.lifecycle_stage for each in (gone, back)]


def looking() -> Any:
    """What it reads of the active run and of others."""
    mlflow.log_metric("looked", 1)
    mlflow.log_param("looked_p", "x")
    mlflow.set_tag("looked_t", "x")
    here = run_id()
    run = mlflow.get_run(here)
    active = mlflow.active_run()
    assert active is not None
    with mlflow.start_run(run_name="looked for", nested=True) as child:
        mlflow.log_metric("found", 7)
        last_in = mlflow.last_active_run()
    last_out = mlflow.last_active_run()
    mine = [active.info.experiment_id]
    by_metric = mlflow.search_runs(mine, "metrics.found = 7", output_format="list")
    by_param = mlflow.search_runs(mine, "params.looked_p = 'x'")
    by_parent = mlflow.search_runs(mine, f"tags.`mlflow.parentRunId` = '{here}'")
    return [
        run.data.metrics["looked"],
        run.data.params["looked_p"],
        run.data.tags["looked_t"],
        run.info.status,
        run.info.artifact_uri == mlflow.get_artifact_uri(),
        active.info.status,
        active.info.lifecycle_stage,
        active.info.artifact_uri == run.info.artifact_uri,
        active.info.experiment_id == run.info.experiment_id,
        active.info.run_name == run.info.run_name,
        active.info.start_time == run.info.start_time,
        active.info.user_id == run.info.user_id,
        run.data.tags["mlflow.user"] == run.info.user_id,
        sorted(set(active.data.tags) - set(run.data.tags)),
        "mlflow.user" in active.data.tags,
        "mlflow.runName" in active.data.tags,
        active.data.tags.get("mlflow.runName") == run.info.run_name,
        last_in is not None and last_in.info.run_id == child.info.run_id,
        last_out is not None and last_out.info.run_id == child.info.run_id,
        [each.info.run_id for each in by_metric] == [child.info.run_id],
        here in list(by_param["run_id"]),
        child.info.run_id in list(by_parent["run_id"]),
        mlflow.get_experiment(active.info.experiment_id).lifecycle_stage,
    ]


def experiments() -> Any:
    active = mlflow.active_run()
    assert active is not None
    made = mlflow.set_experiment("beside")
    with mlflow.start_run(run_name="in another experiment", nested=True) as run:
        mlflow.log_metric("m", 1)
    mlflow.set_experiment_tag("mine", "x")
    other = mlflow.create_experiment("created", tags={"t": "x"})
    with mlflow.start_run(run_name="in a third one", nested=True, experiment_id=other) as third:
        mlflow.log_metric("m", 1)
    mlflow.set_experiment(experiment_id=active.info.experiment_id)
    return [
        run.info.experiment_id == made.experiment_id,
        third.info.experiment_id == other,
        mlflow.get_experiment_by_name("beside").tags["mine"],
        refused(mlflow.create_experiment, "created"),
    ]


def pool() -> Any:
    def work(n: int) -> float:
        with mlflow.start_run(run_name=f"pool {n}", nested=True, parent_run_id=here):
            mlflow.log_metric("m", n)
            mlflow.log_param("n", n)
        mlflow.log_metric("worker", n, step=n, run_id=here)
        mlflow.MlflowClient().log_metric(here, f"client_{n}", n)
        return n

    here = run_id()
    with ThreadPoolExecutor(3) as workers:
        return list(workers.map(work, range(6)))


def reentering() -> Any:
    """A thread that takes up the run of the one which has started it."""

    def work() -> None:
        with mlflow.start_run(run_id=here, nested=True):
            mlflow.log_metric("in_thread", 1)
        active.append(mlflow.active_run())

    active: list[Any] = []
    here = run_id()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    mlflow.log_metric("after_thread", 1)
    return run_id() == here


def joblib_threads() -> Any:
    from joblib import Parallel, delayed

    def work(n: int) -> int:
        mlflow.log_metric("joblib", n, step=n, run_id=here)
        return n

    here = run_id()
    return Parallel(n_jobs=2, backend="threading")(delayed(work)(n) for n in range(4))


def _in_fork(here: str) -> None:
    mlflow.MlflowClient().log_metric(here, "in_fork", 1)
    with mlflow.start_run(run_name="forked", nested=True, parent_run_id=here):
        mlflow.log_metric("m", 1)


def fork() -> Any:
    if "fork" not in multiprocessing.get_all_start_methods():
        return 0
    process = multiprocessing.get_context("fork").Process(target=_in_fork, args=(run_id(),))
    process.start()
    process.join()
    return process.exitcode


def ending() -> Any:
    """A script that ends its run, twice, and goes on."""
    here = run_id()
    mlflow.log_metric("before_end", 1)
    mlflow.end_run()
    mlflow.end_run()
    none = mlflow.active_run() is None
    last = mlflow.last_active_run()
    with mlflow.start_run(run_id=here):
        mlflow.log_metric("resumed", 1)
    return [none, last is not None and last.info.run_id == here]


def failing_by_hand() -> Any:
    """A script that says of its run how it ended: the pipeline says so of its own."""
    mlflow.log_metric("before_failing", 1)
    mlflow.end_run("FAILED")


SNIPPETS = (
    nested, nested_without_name, failing, reopened, not_nested, child_with_log_to_parent, by_client,
    deleted_and_restored, looking, experiments, pool, reentering, joblib_threads, fork, ending,
    failing_by_hand,
)  # fmt: skip
