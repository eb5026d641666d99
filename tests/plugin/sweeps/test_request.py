"""Tests of what the user asks for, and of the folder that a sweep goes on from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.sweeps.combination import Result
from mlflow_on_kedro.sweeps.request import Request, runtime_params
from mlflow_on_kedro.sweeps.sweep_folder import SweepFolder

CONFIG = parse(
    {"sweep": {"wine": {"params": {"C": "1..3", "n": [1, 2]}, "optimize": "f1", "tags": "a"}}}
)


def test_options(tmp_path: Path) -> None:
    """Options alone describe a sweep."""
    request = Request(tmp_path, params=["C=1,2", "kind=a"], options={"jobs": 2})
    entry, where = request.entry(CONFIG)
    assert (entry.params, entry.jobs, where) == ({"C": "1,2", "kind": "a"}, 2, "--param")


def test_named(tmp_path: Path) -> None:
    """Options come before the entry in mlflow.yml."""
    request = Request(tmp_path, "wine", params=["C=7"], options={"minimize": True})
    entry, _ = request.entry(CONFIG)
    assert entry.params == {"C": "7", "n": [1, 2]}
    assert (entry.optimize, entry.minimize, entry.tags) == ("f1", True, ["a"])


LOSS = {"params": {"C": 1}, "optimize": "metrics.loss", "minimize": True, "over": "seed"}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ("metrics.loss", True, ["seed"])),
        ({"optimize": "loss"}, ("loss", True, ["seed"])),
        ({"minimize": False}, ("metrics.loss", False, ["seed"])),
        ({"optimize": "metrics.f1"}, ("metrics.f1", False, [])),
        ({"optimize": "f1", "minimize": True}, ("f1", True, [])),
        ({"optimize": "f1", "over": ["C"]}, ("f1", False, ["C"])),
    ],
)
@pytest.mark.parametrize("is_resumed", [True, False])
def test_another_metric(
    tmp_path: Path, options: dict[str, Any], found: Any, *, is_resumed: bool
) -> None:
    """What was said of one metric does not hold for another one."""
    config, folder = parse({"sweep": {"x": LOSS}}), None
    if is_resumed:
        folder = SweepFolder.create(tmp_path, "x")
        folder.write_spec({"entry": LOSS})
    entry, _ = Request(tmp_path, "x", options=options, folder=folder).entry(config)
    assert (entry.optimize, entry.minimize, entry.over) == found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Say which parameters to change.*or give the name of a sweep in mlflow.yml: wine"),
        ({"name": "wines"}, "'sweep' has no 'wines'. Did you mean 'wine'.*There are: wine"),
        ({"params": ["C=1", "C=2"]}, "--param gives 'C' twice"),
    ],
)
def test_mistakes(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    """A mistake gives one message, which says what to do."""
    with pytest.raises(ConfigError, match=message):
        Request(tmp_path, **given).entry(CONFIG)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"params": {}}, "'sweep.x.params' is missing"),
        ({"parms": {"C": 1}}, "unknown key 'sweep.x.parms'. Did you mean 'sweep.x.params'"),
        ({"params": {"C": 1}, "trials": 0}, "'sweep.x.trials' must be >= 1: 0"),
        ({"params": {"C": 1}, "sampler": "best"}, "'sweep.x.sampler' must be one of tpe, random"),
        ({"params": {"C": 1}, "over": 3}, "'sweep.x.over' has a wrong value"),
        ({"params": [1]}, "'sweep.x.params' has a wrong value: it must be a mapping"),
        (3, "'sweep.x' must be a mapping"),
    ],
)
def test_mlflow_yml(entry: Any, message: str) -> None:
    """A mistake in mlflow.yml is found when the file is read."""
    with pytest.raises(ConfigError, match=message):
        parse({"sweep": {"x": entry}})


def test_not_a_mapping() -> None:
    """The section is a mapping of names."""
    with pytest.raises(ConfigError, match="'sweep' must be a mapping of names to sweeps"):
        parse({"sweep": ["x"]})


def test_resume(tmp_path: Path) -> None:
    """A sweep goes on with all that it was told; other options are refused."""
    with pytest.raises(ConfigError, match="There is nothing to resume: a sweep has not run"):
        Request(tmp_path).resumed()
    folder = SweepFolder.create(tmp_path, "wi/ne")
    assert folder.id.startswith("wi_ne-")
    entry, _ = Request(tmp_path, params=["C=1..3"]).entry(CONFIG)
    spec = {"name": "wi/ne", "env": "prod", "conf_source": None, "params": {"a": {"b": 1}}}
    folder.write_spec({**spec, "entry": asdict(entry), "run_id": "12"})
    request = Request(tmp_path, options={"jobs": 3, "over": ["seed"]}).resumed()
    assert (request.name, request.env, request.fixed, request.run_id) == (
        "wi/ne",
        "prod",
        {"a": {"b": 1}},
        "12",
    )
    again, _ = request.entry(CONFIG)
    assert (again.params, again.jobs, again.over) == ({"C": "1..3"}, 3, ["seed"])
    for given in ({"params": ["C=1"]}, {"env": "base"}, {"options": {"trials": 3}}):
        with pytest.raises(ConfigError, match="--resume goes on with the last sweep as it was"):
            Request(tmp_path, **given).resumed()  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the sweep 'other' has not run"):
        Request(tmp_path, "other").resumed()


def test_results(tmp_path: Path) -> None:
    """Results are kept, the last of each combination; a damaged file is a missing one."""
    folder = SweepFolder.create(tmp_path, None)
    failed = Result("0001", "C=1", {"C": 1}, "FAILED", error="no")
    finished = Result("0001", "C=1", {"C": 1}, "FINISHED", "ab", {"f1": 0.5}, 2.0)
    folder.add(failed)
    folder.add(finished)
    (folder.path / "results" / "0002.json").write_text('{"key": "00')
    assert folder.results() == {"0001": finished}


def test_held_once(tmp_path: Path) -> None:
    """Two processes cannot go on with one sweep."""
    folder = SweepFolder.create(tmp_path, None)
    with (
        folder.held(),
        pytest.raises(ConfigError, match="is running, in another process"),
        folder.held(),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a.b=1,a.c=x, d=true", {"a": {"b": 1, "c": "x"}, "d": True}),
    ],
)
def test_runtime_params(text: str, found: dict[str, Any]) -> None:
    """As `kedro run --params` reads them."""
    assert runtime_params(text) == found


def test_wrong_runtime_params() -> None:
    """A parameter without a value is named."""
    with pytest.raises(ConfigError, match="--params: 'b' has no value"):
        runtime_params("a=1,b")
    with pytest.raises(ConfigError, match="--params cannot be read: "):
        runtime_params("x=${")
