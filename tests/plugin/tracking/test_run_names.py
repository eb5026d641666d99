"""``RUN``: a run by its id, the beginning of that, its name, its age or an alias."""

from __future__ import annotations

import re
from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.tracking.finding import Runs
from mlflow_on_kedro.tracking.run_names import find_run


@pytest.fixture
def runs(client: Any, store_uri: str) -> Runs:
    """Four runs of the experiment demo, the newest called try7, and a later one of another."""
    demo, other = client.create_experiment("demo"), client.create_experiment("other")
    for begin, name in enumerate(["try7", "it's 50%", "it_s 50%", "try7"]):
        run = client.create_run(demo, start_time=1000 + begin, run_name=name)
        client.set_terminated(run.info.run_id, "FINISHED" if begin < 3 else "FAILED")
    client.create_run(other, start_time=2000, run_name="elsewhere")
    return Runs(store_uri, "demo")


def begin_of(runs: Runs, wanted: str) -> int:
    """When the run began that is found."""
    return int(find_run(runs, wanted).info.start_time)


def test_by_age_or_name(runs: Runs) -> None:
    """The newest of an exact name is found, whatever its characters; however runs have ended."""
    expected = {
        "latest": 1003,
        "last": 1003,
        "latest~0": 1003,
        "latest~2": 1001,
        "try7": 1003,
        "it's 50%": 1001,
        "it_s 50%": 1002,
        "elsewhere": 2000,
    }
    assert {wanted: begin_of(runs, wanted) for wanted in expected} == expected


def test_latest_is_a_pipelines_run(runs: Runs, client: Any) -> None:
    """Children are not counted, except for whole pipelines that run below another run."""
    parent = find_run(runs, "latest").info
    for begin, more in ((3000, {}), (3001, {"kedro_command": "kedro run"})):
        tags = {"mlflow.parentRunId": parent.run_id, **more}
        client.create_run(
            parent.experiment_id, start_time=begin, run_name=f"child{begin}", tags=tags
        )
    assert begin_of(runs, "latest") == 3001
    assert begin_of(runs, "latest~1") == 1003
    assert begin_of(runs, "child3000") == 3000


def test_latest_of_too_few(runs: Runs, client: Any) -> None:
    """Where there are fewer runs, the message says which is the oldest."""
    with pytest.raises(MLflowOnKedroError, match=r"has 4 runs, .*`latest~4`: .* is `latest~3`\."):
        find_run(runs, "latest~4")
    client.create_run(client.create_experiment("one"))
    with pytest.raises(MLflowOnKedroError, match=r"has one run, .*`latest~4`: .* is `latest`\."):
        find_run(Runs(runs.uri, "one"), "latest~4")
    with pytest.raises(MLflowOnKedroError, match=r"'none' .* has no run yet: `kedro run` makes"):
        find_run(Runs(runs.uri, "none"), "latest")


def test_by_id(runs: Runs) -> None:
    """A whole id finds a run of whatever experiment, a unique beginning one of the project's."""
    other = find_run(runs, "elsewhere").info.run_id
    assert begin_of(runs, other) == 2000
    with pytest.raises(MLflowOnKedroError, match="no run with the id or name"):
        find_run(runs, other[:12])
    assert begin_of(runs, find_run(runs, "latest").info.run_id[:12]) == 1003


def test_an_ambiguous_prefix(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists the runs that may be meant, with time and name."""
    found = list(runs.newest())
    monkeypatch.setattr(Runs, "with_id_prefix", lambda *_: found[:2])
    with pytest.raises(MLflowOnKedroError) as caught:
        find_run(runs, "abcd")
    first, *lines = caught.value.message.splitlines()
    assert first == "The ids of 2 runs begin with 'abcd'. Give more of the id:"
    pattern = r"  [0-9a-f]{32}  19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d  "
    assert [re.sub(pattern, "", line) for line in lines] == ["try7", "it_s 50%"]
    monkeypatch.setattr(Runs, "with_id_prefix", lambda *_: found * 2)
    with pytest.raises(MLflowOnKedroError, match="The ids of more than 5 runs begin with 'abcd'"):
        find_run(runs, "abcd")


def test_no_such_run(runs: Runs) -> None:
    """The message says where was looked, the nearest name if there is one, and what to do."""
    with pytest.raises(
        MLflowOnKedroError,
        match=r"experiment 'demo' in MLflow at sqlite.* 'tri7'\. Did you mean 'try7'\? `latest` is"
        r" the newest run; `kedro mlflow runs` lists the others\.",
    ):
        find_run(runs, "tri7")
    with pytest.raises(MLflowOnKedroError, match=r"no run with the id or name 'xyz'\. `latest`"):
        find_run(runs, "xyz")


def test_odd_names(runs: Runs) -> None:
    """No other text finds what it should not, or raises MLflow's own errors."""
    odd = ["../../etc", "", "' OR 1", "\\", "a\nb", "%%%%", "____", "@@", "a@", "latest~-1"]
    for wanted in odd:
        with pytest.raises(MLflowOnKedroError, match=r"no run with the id or name|has the alias"):
            find_run(runs, wanted)


class TestAliases:
    """Runs behind the aliases of registered models."""

    @pytest.fixture(autouse=True)
    def _models(self, runs: Runs, client: Any) -> None:
        ids = [run.info.run_id for run in runs.newest()]
        other = find_run(runs, "elsewhere").info.run_id
        given = {
            "wines": (ids[2], "champion"),
            "beers": (other, "champion"),
            "teas": (other, "old"),
        }
        for name, (run_id, alias) in given.items():
            client.create_registered_model(name)
            version = client.create_model_version(name, f"file:///x/{name}", run_id)
            client.set_registered_model_alias(name, alias, version.version)

    def test_found(self, runs: Runs) -> None:
        """An alias finds the run; of several models the one counts whose run is the project's."""
        assert begin_of(runs, "@champion") == 1001
        assert begin_of(runs, "@old") == 2000
        assert begin_of(runs, "beers@champion") == 2000

    def test_not_found(self, runs: Runs) -> None:
        """An alias that no model has, or not this one."""
        with pytest.raises(
            MLflowOnKedroError, match=r"has the alias 'chempion'\. Did you mean 'ch"
        ):
            find_run(runs, "@chempion")
        with pytest.raises(MLflowOnKedroError, match="no model 'wines' has the alias 'old'"):
            find_run(runs, "wines@old")

    def test_ambiguous(self, runs: Runs, client: Any) -> None:
        """Models with different runs of the project have to be named."""
        client.create_registered_model("ales")
        version = client.create_model_version(
            "ales", "file:///x", find_run(runs, "latest").info.run_id
        )
        client.set_registered_model_alias("ales", "champion", version.version)
        with pytest.raises(
            MLflowOnKedroError, match=r"3 .* `ales@champion` or `beers@champion` or"
        ):
            find_run(runs, "@champion")

    def test_of_no_run(self, runs: Runs, client: Any) -> None:
        """A version that was registered from a file has no run."""
        version = client.create_model_version("teas", "file:///x/y")
        client.set_registered_model_alias("teas", "new", version.version)
        with pytest.raises(MLflowOnKedroError, match=r"Version 2 of .* was not made by a run"):
            find_run(runs, "@new")
