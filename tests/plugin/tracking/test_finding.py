"""The runs of an experiment, read page by page."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.tracking.finding import FINISHED, Runs, is_below, name_and_id


@pytest.fixture
def runs(client: Any, store_uri: str) -> Runs:
    """Four runs of the experiment demo, of which the last has failed, and a child of one."""
    demo = client.create_experiment("demo")
    for begin, name in enumerate(["try7", "it's 50%", "it_s 50%", "try7"]):
        run = client.create_run(demo, start_time=1000 + begin, run_name=name)
        client.set_terminated(run.info.run_id, "FINISHED" if begin < 3 else "FAILED")
    tags = {"mlflow.parentRunId": run.info.run_id}
    client.create_run(demo, start_time=1004, run_name="child", tags=tags)
    return Runs(store_uri, "demo")


def test_newest(runs: Runs) -> None:
    """The newest come first, on any page, and may be restricted."""
    times = [run.info.start_time for run in runs.newest(page_size=2)]
    assert times == [1003, 1002, 1001, 1000]
    assert [run.info.start_time for run in runs.newest(FINISHED)] == [1002, 1001, 1000]


def test_pages(runs: Runs) -> None:
    """Pages have child runs, too; an experiment that is not there has no page."""
    pages = list(runs.pages(page_size=2))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert is_below(pages[0][0])
    assert list(Runs(runs.uri, "none").pages()) == []


def test_named(runs: Runs) -> None:
    """Messages have name and id."""
    run = next(runs.newest())
    assert name_and_id(run) == f"try7 ({run.info.run_id})"


def test_a_server_that_is_away() -> None:
    """An MLflow that cannot be reached is one line, without its password."""
    with pytest.raises(MLflowOnKedroError) as caught:
        next(Runs("http://me:hunter2@127.0.0.1:9", "demo").newest())
    assert caught.value.message.startswith("MLflow at http://***@127.0.0.1:9 cannot be reached, so")
    assert "hunter2" not in caught.value.message


def test_a_sweep_is_one_run(client: Any, runs: Runs) -> None:
    """The newest is the sweep's own run, and not its combinations, which have a command, too."""
    (experiment,) = runs.experiment_ids()
    tags = {"kedro.sweep": "s", "kedro_command": "kedro mlflow sweep"}
    sweep = client.create_run(experiment, 2000, tags, "sweep of C").info.run_id
    tags |= {"mlflow.parentRunId": sweep, "kedro.sweep.combination": "0001"}
    client.create_run(experiment, 2001, tags, "C=1")
    assert [run.info.run_name for run in runs.newest()][:2] == ["sweep of C", "try7"]
    named = runs.named("C=1")
    assert named is not None
    assert not is_below(named), "it is no child run of `run.children`"
