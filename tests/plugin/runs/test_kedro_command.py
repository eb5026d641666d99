"""The ``kedro run`` command that repeats a run."""

from __future__ import annotations

import math
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow_on_kedro.delivery.description import DIGEST_TAG
from mlflow_on_kedro.runs import kedro_command as module
from mlflow_on_kedro.runs.kedro_command import kedro_command
from mlflow_on_kedro.tracking.shared_run import JOURNAL_TAG

quick = settings(max_examples=150, database=None, derandomize=True, deadline=None)

PLUGIN = Path(__file__).parents[3] / "plugin_src"


def parse(command: str) -> dict[str, Any]:
    """Read a command as a shell and Kedro's own `kedro run` do."""
    from kedro.framework.cli.project import run

    words = shlex.split(command)
    assert words[:2] == ["kedro", "run"]
    return dict(run.make_context("run", words[2:]).params)


# Kedro's run params and what `kedro run` reads back from the command; a custom runner's class need
# not be there for that.
PARAMS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"env": "prod"}, {}, {"env": "prod"}),
    ({"pipeline_names": ["a", "b"]}, {}, {"pipelines": ["a", "b"]}),
    ({"pipeline_name": "a"}, {}, {"pipeline": "a"}),
    ({"tags": ("a", "b c")}, {}, {"tags": ["a", "b c"]}),
    ({"node_names": ("a", "b")}, {}, {"node_names": ["a", "b"]}),
    (
        {"node_names": ("f([a,b]) -> [c,d]", "g")},
        {},
        {"node_names": ["f([a,b]) -> [c,d]", "g"]},
    ),
    ({"from_nodes": ["a"]}, {}, {"from_nodes": ["a"]}),
    ({"to_nodes": ["a"]}, {}, {"to_nodes": ["a"]}),
    ({"from_inputs": ["a@b", "params:c"]}, {}, {"from_inputs": ["a@b", "params:c"]}),
    ({"to_outputs": ["a"]}, {}, {"to_outputs": ["a"]}),
    (
        {"load_versions": {"a": "2026-11-23T01.02.03.456Z", "b": "v"}},
        {},
        {"load_versions": {"a": "2026-11-23T01.02.03.456Z", "b": "v"}},
    ),
    ({"namespaces": ["a.b"]}, {}, {"namespaces": ["a.b"]}),
    ({"only_missing_outputs": True}, {}, {"only_missing_outputs": True}),
    ({"runner": "ThreadRunner"}, {}, {"runner": "ThreadRunner"}),
    ({}, {"is_async": True}, {"is_async": True}),
    ({}, {"runner_params": {"max_workers": 2}}, {"runner_params": {"max_workers": 2}}),
    ({}, {"conf_source": f"{PLUGIN}/"}, {"conf_source": str(PLUGIN)}),
    (
        {"runtime_params": {"model": {"depth": 3, "on": True}, "name": "it's"}},
        {},
        {"params": {"model": {"depth": 3, "on": True}, "name": "it's"}},
    ),
]


class TestCommand:
    """The command that repeats a run."""

    @pytest.mark.parametrize(("params", "of_command", "expected"), PARAMS)
    def test_each_param(
        self,
        params: dict[str, Any],
        of_command: dict[str, Any],
        expected: dict[str, Any],
    ) -> None:
        """`kedro run` reads each param back from the command as it was, and nothing else."""
        defaults = parse("kedro run")
        if not expected.keys() <= defaults.keys():
            pytest.skip("the installed Kedro has no such option")
        assert parse(kedro_command(params, of_command)) == {**defaults, **expected}

    def test_all_options_are_known(self) -> None:
        """No option of the installed `kedro run` is left out but the file that gives others."""
        known = {name for _, _, expected in PARAMS for name in expected}
        assert set(parse("kedro run")) - {"config"} <= known

    def test_all_at_once(self) -> None:
        """All options together are read back."""
        run_params: dict[str, Any] = {}
        expected = parse("kedro run")
        for params, of_command, read in PARAMS:
            is_known = read.keys() <= expected.keys()
            if is_known and not of_command and "pipeline_name" not in params:
                run_params |= params
                expected |= read
        assert parse(kedro_command(run_params)) == expected

    def test_nothing_special(self) -> None:
        """A plain run is a plain command, whatever Kedro's empty values are."""
        params = {"env": None, "tags": (), "node_names": [], "runner": None, "runtime_params": {}}
        assert kedro_command(params) == "kedro run"
        runner = "<kedro.runner.sequential_runner.SequentialRunner object at 0x7f>"
        assert kedro_command({"runner": runner, "load_versions": {}}) == "kedro run"

    def test_kedros_older_name(self) -> None:
        """`extra_params`, as Kedro called them before 1.0, are params."""
        assert kedro_command({"extra_params": {"a": 1}}) == "kedro run --params=a=1"

    @pytest.mark.parametrize(
        "value",
        [
            "",
            " x ",
            "a,b",
            "it's",
            'say "hi"',
            "$HOME `x` \\n",
            "a=b",
            "x: y",
            "- a",
            "[1]",
            "#c",
            "1",
            "1e3",
            "1:30",
            "0x10",
            "true",
            "on",
            "null",
            "~",
            "???",
            "日本 🍣, ok",
            "line\nbreak, and\ttab",
            1,
            -1.5,
            1e-7,
            1e22,
            math.inf,
            -math.inf,
            True,
            False,
            None,
            [],
            [1],
            ["a,b", "1", None, True, 1.5, "x: y"],
            [[1, 2], ["a"]],
            [{"a": [1, "x,y"], "b": None}, 2],
            {},
        ],
        ids=repr,
    )
    def test_odd_values(self, value: Any) -> None:
        """Values come back from the shell and from Kedro as they were, with their types."""
        read = parse(kedro_command({"runtime_params": {"k": value, "other": 1}}))["params"]
        assert read == {"k": value, "other": 1}
        assert type(read["k"]) is type(value)

    def test_no_interpolation(self) -> None:
        """What OmegaConf cannot read as an interpolation is written all the same."""
        command = kedro_command({"runtime_params": {"k": "${"}})
        assert command == "kedro run '--params=k=\"${\"'"

    def test_nan(self) -> None:
        """NaN comes back."""
        assert math.isnan(parse(kedro_command({"runtime_params": {"k": math.nan}}))["params"]["k"])

    @quick
    @given(
        st.dictionaries(
            st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(
                lambda name: not module.looks_secret(name)
            ),
            st.one_of(
                st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20),
                st.integers(),
                st.booleans(),
                st.none(),
                st.floats(allow_nan=False, allow_subnormal=False),
                st.lists(st.text("abc,:-#'\" ", max_size=5), max_size=4),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_any_params(self, params: dict[str, Any]) -> None:
        """Whatever the params, they come back."""
        assert parse(kedro_command({"runtime_params": params}))["params"] == params

    def test_secrets(self) -> None:
        """Values of secret-looking names and credentials in URLs are masked, in lists too."""
        url = "postgresql://me:hunter2@host/db"
        params = {
            "db": {"password": "hunter2", "url": url},
            "list": [url, {"token": "hunter2"}],
            "depth": 3,
        }
        of_command = {"runner_params": {"api_key": "hunter2"}}
        assert "hunter2" not in kedro_command({"runtime_params": params}, of_command)
        read = parse(kedro_command({"runtime_params": params}))
        assert read["params"]["db"] == {"password": "***", "url": "postgresql://***@host/db"}
        assert read["params"]["depth"] == 3

    @pytest.mark.parametrize(
        ("runner", "name"),
        [
            (None, None),
            ("None", None),
            ("ThreadRunner", "ThreadRunner"),
            ("kedro.runner.ThreadRunner", "ThreadRunner"),
            ("<kedro.runner.thread_runner.ThreadRunner object at 0x7F01ab>", "ThreadRunner"),
            ("<mlflow_on_kedro.x.y.RayRunner object at 0x1>", "mlflow_on_kedro.RayRunner"),
            ("<my_project.runner.DaskRunner object at 0x1>", "my_project.runner.DaskRunner"),
        ],
    )
    def test_runners(self, runner: Any, name: str | None) -> None:
        """A runner has the name that `--runner` takes, whatever Kedro says of it."""
        assert module.runner_name(runner) == name

    def test_kedros_own_runners(self) -> None:
        """What Kedro says of its own runners is understood, and `kedro run` finds them by it."""
        from kedro import runner
        from kedro.utils import load_obj

        for made in (runner.SequentialRunner(), runner.ThreadRunner(), runner.ParallelRunner()):
            found = module.runner_name(str(made))
            assert found is not None
            assert load_obj(found, "kedro.runner") is type(made)

    def test_outside_of_a_command(self) -> None:
        """Without a `kedro run` command there are no params of one."""
        assert module.command_params() == {}

        @click.command()
        def other() -> None:
            assert module.command_params() == {}

        other.main([], standalone_mode=False)


REPLAYED = """
from kedro.pipeline import node, pipeline

def size(parameters):
    return float(len(str(sorted(parameters.items()))))

def create_pipeline():
    return pipeline([
        node(size, "parameters", "size", name="size", tags=["good"]),
        node(lambda x: x + 1, "size", "bigger", name="bigger", tags=["good", "more"]),
        node(lambda: 1.0, None, "other", name="other", tags=["bad"]),
    ])
"""


def test_replay(make_project: Callable[..., Any]) -> None:
    """The tag of a real run, given to a shell, repeats the run: same params, metrics and tags."""
    project = make_project(
        REPLAYED, parameters={"model": {"depth": 1}, "title": "none", "layers": [1]}
    )
    project.write("conf/prod/parameters.yml", "from_prod: true\n")
    first = project.kedro(
        "run",
        "--env=prod",
        "--tags=good,missing",
        "--to-nodes=bigger",
        "--runner=ThreadRunner",
        "--async",
        "--params=model.depth=3,title=it's \"odd\" $HOME,model.rate=1e-3,model.name='1'",
    )
    assert first.returncode == 0, first.stderr
    found = project.run
    command = found.data.tags["kedro_command"]
    second = subprocess.run(
        ["sh", "-c", command],  # noqa: S607 - the shell that a user has
        cwd=project.root,
        env={
            **os.environ,
            "PYTHONPATH": str(PLUGIN),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert second.returncode == 0, (command, second.stderr)
    again, before = project.runs()
    assert before.info.run_id == found.info.run_id
    assert again.data.params == before.data.params
    assert before.data.params["model.depth"] == "3"
    assert before.data.params["model.name"] == "1"
    assert before.data.params["title"] == 'it\'s "odd" $HOME'
    assert before.data.params["from_prod"] == "True"
    assert set(again.data.metrics) == set(before.data.metrics)
    assert again.data.metrics["bigger"] == before.data.metrics["bigger"]
    assert "other" not in again.data.metrics
    changing = {*("kedro.run_id", "mlflow.runName", "mlflow.note.content", JOURNAL_TAG, DIGEST_TAG)}
    tags = [
        {key: tag for key, tag in run.data.tags.items() if key not in changing}
        for run in (again, before)
    ]
    assert tags[0] == tags[1]
    assert tags[0]["kedro.env"] == "prod"
    assert "--async" in command


def test_the_environment_variable(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment chosen by KEDRO_ENV is in the command, for shells without the variable."""
    project = make_project(REPLAYED)
    (project.root / "conf/prod").mkdir()
    monkeypatch.setenv("KEDRO_ENV", "prod")
    project.session_run()
    assert project.run.data.tags["kedro_command"] == "kedro run --env=prod"
