"""Servers that answer, but slowly, rarely, or not to everything: all else is delivered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .nodes import CATALOG, METRICS, PARAMETERS, USES_ALL_PARAMETERS
from .processes import Ended
from .project import FaultProject
from .proxy import Proxy
from .rules import Answer, Call, Fate, at_random, holds, on

LONG = {f"text_{number:02}": "長" * 5500 for number in range(40)}
# The chart is larger than the limits below.
NO_CHART = {"time": {"gantt": False}}
MARKER = "marked"
UNPROCESSABLE = Answer(422, '{"detail": "not this"}', "application/json")


def check_values(project: FaultProject, ended: Ended) -> Any:
    """The only run is FINISHED, with its metrics and the parameter that all runs have."""
    run = project.run
    assert run.info.status == "FINISHED", ended.said
    assert run.data.params["n"] == "3"
    assert METRICS.items() <= run.data.metrics.items()
    return run


def check_delivered(project: FaultProject, ended: Ended) -> Any:
    """The run is complete, nothing waits, and nobody took the server for one that is away."""
    assert ended.status == 0, ended.said
    assert "cannot be reached" not in ended.said
    assert "Traceback" not in ended.said
    run = project.check_complete(ended)
    assert project.journals == []
    return run


# -- a limit on what a request may have ------------------------------------------------------------


def test_a_body_limit(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """A batch that is too large for a proxy is halved until it passes."""
    parameters = {**PARAMETERS, **LONG}
    project = make_fault_project(
        proxy.uri, USES_ALL_PARAMETERS, parameters=parameters, mlflow=NO_CHART
    )
    proxy.body_limit = 1_000_000
    ended = project.kedro()
    run = check_values(project, ended)
    assert run.data.params.keys() == {"n", *LONG}, ended.said
    assert set(run.data.params.values()) == {"3", *LONG.values()}
    assert project.artifacts(run) == {"table.json", "report.json", "kedro/timeline.json"}
    assert proxy.seen("log-batch", "http413") != []
    assert project.journals == []


def test_what_never_passes(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """What is too large by itself is set aside with its reason; all else is there."""
    parameters = {**PARAMETERS, **LONG}
    project = make_fault_project(
        proxy.uri, USES_ALL_PARAMETERS, parameters=parameters, mlflow=NO_CHART
    )
    proxy.body_limit = 20_000
    ended = project.kedro()
    run = check_values(project, ended)
    assert run.data.params == {"n": "3"}
    assert project.artifacts(run) == {"table.json", "report.json", "kedro/timeline.json"}
    listed = project.status().output
    assert "text_00" in listed
    assert "413" in listed
    proxy.body_limit = None
    assert project.sync().exit_code == 0
    assert project.run.data.params.keys() == {"n", *LONG}
    assert project.journals == []


# -- answers that one entry gets again and again ---------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [404, 422, 500, *(pytest.param(status, marks=pytest.mark.slow) for status in (400, 413, 503))],
)
def test_a_parameter_that_is_refused(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, status: int
) -> None:
    """A steady answer for one entry is the entry's, whatever its status."""
    parameters = {**PARAMETERS, "bad": MARKER}
    project = make_fault_project(proxy.uri, USES_ALL_PARAMETERS, parameters=parameters)
    answer = Answer(status, "Failed") if status != 422 else UNPROCESSABLE
    proxy.rules = [on(holds(MARKER.encode()), Fate(answer=answer))]
    ended = project.kedro()
    assert "cannot be reached" not in ended.said
    check_values(project, ended)
    project.check_complete(ended)  # as if the entry were not there
    listed = project.status().output
    assert "bad" in listed
    # Of an answer in JSON, MLflow's client gives the text and not the status.
    assert (str(status) if status != 422 else "not this") in listed
    proxy.rules = []
    assert project.sync().exit_code == 0
    assert project.run.data.params == {"n": "3", "bad": MARKER}
    assert project.journals == []


@pytest.mark.parametrize("status", [pytest.param(404, marks=pytest.mark.slow), 500])
def test_a_metric_that_is_refused(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, status: int
) -> None:
    """A metric too is isolated; the metrics around it and the artifacts arrive."""
    catalog = {**CATALOG, "early": {**CATALOG["early"], "dataset_name": MARKER}}
    project = make_fault_project(proxy.uri, catalog=catalog)
    refused = f'"{MARKER}"'.encode()
    proxy.rules = [on(holds(refused), Fate(answer=Answer(status, "Failed")))]
    ended = project.kedro()
    run = project.run
    assert run.info.status == "FINISHED", ended.said
    assert run.data.metrics["late"] == METRICS["late"]
    assert MARKER not in run.data.metrics
    assert "gantt.html" in project.artifacts(run)
    assert MARKER in project.status().output
    proxy.rules = []
    assert project.sync().exit_code == 0
    assert project.run.data.metrics[MARKER] == METRICS["early"]
    assert project.journals == []


# -- slow, busy, moody -----------------------------------------------------------------------------


@pytest.mark.slow
def test_every_answer_is_late(project: FaultProject, proxy: Proxy) -> None:
    """A server that answers each call after 1.2 s is answering: delivered, with progress."""
    proxy.delay = 1.2
    ended = project.kedro()
    check_delivered(project, ended)
    assert "Delivering to MLflow" in ended.said


def test_the_first_answer_is_late(project: FaultProject, proxy: Proxy) -> None:
    """A server that needs 4 s for its first answer alone is not away either."""
    proxy.rules = [on(holds("/api/"), Fate(answer_delay=4.0), times=1)]
    ended = project.kedro()
    check_delivered(project, ended)
    assert ended.warnings == 0, ended.said


@pytest.mark.slow
def test_calls_overlap(offline: FaultProject, proxy: Proxy) -> None:
    """Calls that do not depend on each other are not made one after another."""
    for name in ("first", "middle", "last"):
        offline.run_here(name)
    proxy.delay = 1.0
    result = offline.sync()
    assert result.exit_code == 0, result.output
    assert offline.states() == dict.fromkeys(("first", "middle", "last"), "FINISHED")
    times = [request.when for request in proxy.seen()]
    assert max(times) - min(times) < 0.7 * len(times) * proxy.delay


def test_asynchronous_logging(project: FaultProject, proxy: Proxy) -> None:
    """MLflow's own switch for asynchronous logging makes delivery lose nothing."""
    proxy.rules = [on(holds("log-batch"), "http503", times=2)]
    ended = project.kedro(MLFLOW_ENABLE_ASYNC_LOGGING="true")
    check_delivered(project, ended)
    assert len(proxy.seen("log-batch", "http503")) == 2


@pytest.mark.slow
def test_too_many_requests(project: FaultProject, proxy: Proxy) -> None:
    """A server that answers 429 now and then is waited for as it asks, and not called away."""
    proxy.rules = [at_random([(0.4, "http429")], seed=3)]
    ended = project.kedro()
    check_delivered(project, ended)
    assert proxy.seen(fate="http429") != []


@pytest.mark.parametrize(
    "status", [500, *(pytest.param(status, marks=pytest.mark.slow) for status in (502, 503, 504))]
)
def test_each_third_request_fails(project: FaultProject, proxy: Proxy, status: int) -> None:
    """An answer that the same entry does not get again is no refusal."""
    proxy.rules = [at_random([(0.33, Fate(answer=Answer(status, "Failed")))], seed=5)]
    ended = project.kedro()
    proxy.rules = []
    project.sync()
    project.check_complete(ended)
    assert "Traceback" not in ended.said
    assert project.journals == []


# -- experiments that the server does not take -----------------------------------------------------


def wants_absolute_names(call: Call) -> bool:
    """Choose the creation of an experiment whose name is no path, which Databricks refuses."""
    creates = call.path.endswith("experiments/create")
    return creates and not json.loads(call.body)["name"].startswith("/")


NOT_ABSOLUTE = Answer(
    400,
    json.dumps(
        {
            "error_code": "INVALID_PARAMETER_VALUE",
            "message": "Got an invalid experiment name. An absolute path is needed.",
        }
    ),
    "application/json",
)


def test_absolute_experiment_names(project: FaultProject, proxy: Proxy) -> None:
    """The server's refusal of the experiment is logged at once; sync names another."""
    proxy.rules = [on(wants_absolute_names, Fate(answer=NOT_ABSOLUTE))]
    ended = project.kedro()
    assert ended.status == 0, ended.said
    assert "cannot be reached" not in ended.said
    assert "An absolute path is needed" in ended.said
    assert ended.seconds < 30
    assert len(project.journals) == 1
    result = project.sync("--experiment", "/Shared/x")
    assert result.exit_code == 0, result.output
    found = project.client.get_experiment_by_name("/Shared/x")
    (run,) = project.client.search_runs([found.experiment_id])
    project.check_complete(ended, run=run)
    assert project.runs() == []
    assert project.journals == []
