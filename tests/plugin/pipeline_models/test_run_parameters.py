"""The parameters of a finished run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from mlflow_on_kedro.config.sections import Catalog, Config, Params
from mlflow_on_kedro.journal import long_values
from mlflow_on_kedro.journal.entries import Param, Tag, Text
from mlflow_on_kedro.pipeline_models.run_parameters import RunParameters, with_run_params
from mlflow_on_kedro.provenance.configuration import parameters_text

PARAMETERS = {"params:m": {"depth": 3, "rate": 0.5, "on": True, "name": "x", "list": [1]}}


def values(logged: dict[str, str]) -> dict[str, Any]:
    """The parameters with what a run has logged."""
    found: dict[str, Any] = with_run_params(RunParameters(logged=logged), PARAMETERS)[
        "params:m"
    ].load()
    return found


def test_what_the_run_had() -> None:
    """Each value is read as the type that it has in the project."""
    logged = {"m.depth": "7", "m.rate": "2", "m.on": "False", "m.name": "5", "other": "1"}
    found = values(logged)
    assert found == {"depth": 7, "rate": 2.0, "on": False, "name": "5", "list": [1]}
    assert [type(value) for value in found.values()] == [int, float, bool, str, list]
    assert values({"m.depth": "0.25"})["depth"] == 0.25


def test_what_it_did_not_log() -> None:
    """A parameter that the run has not logged is the project's."""
    assert values({}) == PARAMETERS["params:m"]


@pytest.mark.parametrize("logged", [{"m.depth": "many"}, {"m.on": "1"}, {"m.list": "[2]"}])
def test_what_cannot_be_read(logged: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit is said, and the project's value taken."""
    assert values(logged) == PARAMETERS["params:m"]
    ((name, text),) = logged.items()
    assert f"The run has the parameter '{name}' as {text!r}" in caplog.text


PROMPT = "Answer the question. " * 334
URL = "https://me:hunter2@host/features"


def run_of(
    settings: Config | None = None, command: dict[str, Any] | None = None, **now: Any
) -> SimpleNamespace:
    """A run that has logged parameters as the settings say."""
    limits = (settings or Config()).params
    tags = {"kedro.runtime_params": str(command or {})}
    run = SimpleNamespace(data=SimpleNamespace(params={}, tags=tags, metrics={}), artifacts={})
    for key, value in now.items():
        for entry in long_values.param(key, value, limits.too_long, limits.max_length):
            if isinstance(entry, Param):
                run.data.params[entry.key] = entry.value
            elif isinstance(entry, Tag):
                run.data.tags[entry.key] = entry.value
            elif isinstance(entry, Text):
                run.artifacts[entry.path] = entry.content
    return run


def of_run(
    run: SimpleNamespace,
    parameters: dict[str, Any],
    settings: Config | None = None,
    recorded: str = "",
) -> dict[str, Any]:
    """The parameters that a model of the run gets."""
    found = RunParameters.from_run(
        run,
        settings or Config(),
        yaml.safe_load(recorded) or {},
        lambda path: run.artifacts.get(path, ""),
    )
    given = {f"params:{key}": value for key, value in parameters.items()}
    made = with_run_params(found, given)
    return {name.removeprefix("params:"): dataset.load() for name, dataset in made.items()}


@pytest.mark.parametrize("too_long", ["truncate", "tag", "artifact"])
@pytest.mark.parametrize("max_length", [6000, 100])
def test_what_mlflow_does_not_hold_whole(
    too_long: str, max_length: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A text that is cut, elsewhere or masked is the project's as long as that has not changed."""
    settings = Config(params=Params(too_long=too_long, max_length=max_length))
    now = {"prompt": PROMPT, "url": URL, "stars": "***bold***", "empty": ""}
    run = run_of(settings, **now)
    caplog.clear()
    assert of_run(run, now, settings) == now
    assert caplog.text == ""


@pytest.mark.parametrize("too_long", ["tag", "artifact"])
def test_a_long_text_of_the_run(too_long: str) -> None:
    """It is read where it is: the run's value, and not today's."""
    settings = Config(params=Params(too_long=too_long))
    assert of_run(run_of(settings, prompt=PROMPT), {"prompt": "x"}, settings) == {"prompt": PROMPT}


def test_what_the_run_has_in_part(caplog: pytest.LogCaptureFixture) -> None:
    """If today's value is another one, a warning says so, and shows no secret."""
    command = {"server": {"token": "***"}}
    run = run_of(command=command, prompt=PROMPT, url=URL, file="see the artifact params/x.txt")
    now = {"prompt": "x", "url": "https://me:hunter2@other", "file": "y"}
    now_too = {"server": {"token": "hunter2"}}
    caplog.clear()
    assert of_run(run, {**now, **now_too}) == {**now, **now_too}
    for key in ("prompt", "url", "file", "server.token"):
        assert f"The run has the parameter '{key}' as " in caplog.text
    assert caplog.text.count("which is not all of its value") == 4
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("settings", "params", "metrics"),
    [
        (Config(params=Params(separator="/")), {"m/depth": "7", "m/rate": "2.5"}, {}),
        (Config(params=Params(flatten=False)), {"m": "{'depth': 7, 'rate': 2.5}"}, {}),
        (Config(catalog=Catalog(parameters="by_type")), {}, {"m.depth": 7.0, "m.rate": 2.5}),
    ],
)
def test_other_settings(
    settings: Config, params: dict[str, str], metrics: dict[str, float]
) -> None:
    """However the settings have a run log its parameters, they are found."""
    run = run_of()
    run.data.params, run.data.metrics = params, metrics
    found = of_run(run, {"m": {"depth": 3, "rate": 0.5}}, settings)["m"]
    assert found == {"depth": 7, "rate": 2.5}
    assert type(found["depth"]) is int


class TestRecorded:
    """With ``kedro/parameters.yml``, which has the types."""

    def test_values(self) -> None:
        """Whatever their types were, and whatever MLflow has; what is new is the project's."""
        before = {"m": {"list": [1, 2], "seed": None, "name": 5}, "runner": "a", "top": [{"a": 1}]}
        now = {"m": {"list": [3], "seed": 1, "name": "x"}, "runner": "b", "top": [], "new": 7}
        found = of_run(run_of(top="5"), now, recorded=parameters_text(before))
        assert found == {**before, "new": 7}

    def test_masked(self, caplog: pytest.LogCaptureFixture) -> None:
        """Secrets are the project's, without a word if nothing else says that they have changed."""
        before = {"url": URL, "db": {"password": "a", "tokens": {"x": "b"}}, "prompt": PROMPT}
        assert of_run(run_of(), before, recorded=parameters_text(before)) == before
        assert caplog.text == ""

    def test_changed_secrets(self, caplog: pytest.LogCaptureFixture) -> None:
        """One that came with the command, or that stands in another text, is named."""
        before = {"url": URL, "db": {"password": "a"}}
        now = {"url": "https://host", "db": {"password": "hunter2"}}
        run = run_of(command={"db": {"password": "***"}})
        assert of_run(run, now, recorded=parameters_text(before)) == now
        for key in ("url", "db.password"):
            assert f"The run has the parameter '{key}' as " in caplog.text
        assert "hunter2" not in caplog.text

    @pytest.mark.parametrize(
        ("before", "now"), [({"a": 5}, {"a": {"b": 1}}), ({"a": {"b": 1}}, {"a": 5})]
    )
    def test_another_form(self, before: Any, now: Any, caplog: pytest.LogCaptureFixture) -> None:
        """A dict in place of a value, or a value in place of a dict, is said."""
        assert of_run(run_of(), now, recorded=parameters_text(before)) == now
        assert "which is in another form there" in caplog.text
