"""Runs by an id, a name, or ``last``."""

from __future__ import annotations

from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.tracking.finding import FINISHED, Runs, name_and_id


@pytest.fixture
def runs(client: Any, store_uri: str) -> Runs:
    """Four runs of the experiment demo, the newest called try7, and a later one of another."""
    demo, other = client.create_experiment("demo"), client.create_experiment("other")
    for begin, name in enumerate(["try7", "it's 50%", "it_s 50%", "try7"]):
        run = client.create_run(demo, start_time=1000 + begin, run_name=name)
        client.set_terminated(run.info.run_id, "FINISHED" if begin < 3 else "FAILED")
    client.create_run(other, start_time=2000, run_name="elsewhere")
    return Runs(store_uri, "demo")


def test_a_name_of_another_experiment(runs: Runs) -> None:
    """A run that went elsewhere, as with `experiment.name` on the command line, is found too."""
    assert runs.find("elsewhere").info.start_time == 2000


def test_a_name_that_is_like_it(runs: Runs) -> None:
    """Only a name that is like the one that was given is proposed."""
    with pytest.raises(MLflowOnKedroError, match=r"no run with the id or name 'xyz'\. `last` is"):
        runs.find("xyz")
    with pytest.raises(MLflowOnKedroError, match=r"Did you mean 'try7'\?"):
        runs.find("try8")


def test_the_last(runs: Runs) -> None:
    """``last`` is the newest of the experiment, however it ended."""
    assert runs.find("last").info.start_time == 1003


def test_by_id(runs: Runs, client: Any) -> None:
    """An id finds a run of whatever experiment."""
    (other,) = Runs(runs.uri, "other").newest()
    assert runs.find(other.info.run_id).info.run_name == "elsewhere"
    assert client.get_run(other.info.run_id).info.run_name == "elsewhere"


@pytest.mark.parametrize(
    ("name", "begin"), [("try7", 1003), ("it's 50%", 1001), ("it_s 50%", 1002)]
)
def test_by_name(runs: Runs, name: str, begin: int) -> None:
    """A name finds the newest run of exactly that name, whatever characters it has."""
    assert runs.find(name).info.start_time == begin


def test_no_such_run(runs: Runs) -> None:
    """What is no run is said, with where was looked and the nearest name."""
    with pytest.raises(
        MLflowOnKedroError,
        match=r"experiment 'demo' in MLflow at sqlite.* 'tri7'\. Did you mean 'try7'\? `last` is",
    ):
        runs.find("tri7")


@pytest.mark.parametrize("odd", ["../../etc", "", "' OR 1", "\\", "a\nb"])
def test_odd_names(runs: Runs, odd: str) -> None:
    """Nor does anything else find what it should not, or raise MLflow's own errors."""
    with pytest.raises(MLflowOnKedroError, match="no run with the id or name"):
        runs.find(odd)


def test_no_run_at_all(client: Any, store_uri: str) -> None:
    """Without any run it says how to get one."""
    client.search_experiments()
    with pytest.raises(MLflowOnKedroError, match=r"'none' .* has no run yet: `kedro run` makes"):
        Runs(store_uri, "none").find("last")


def test_newest(runs: Runs) -> None:
    """The newest come first, and may be restricted."""
    assert [run.info.start_time for run in runs.newest(FINISHED)] == [1002, 1001, 1000]


def test_a_server_that_is_away() -> None:
    """An MLflow that cannot be reached is said in one line, without its password."""
    with pytest.raises(MLflowOnKedroError) as caught:
        Runs("http://me:hunter2@127.0.0.1:9", "demo").find("last")
    assert caught.value.message.startswith("MLflow at http://***@127.0.0.1:9 cannot be reached, so")
    assert "hunter2" not in caught.value.message


def test_named(runs: Runs) -> None:
    """Messages have name and id."""
    run = runs.find("last")
    assert name_and_id(run) == f"try7 ({run.info.run_id})"
