"""Autologging: what is asked for lands in the run, and nothing else is on, before or after."""

from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import mlflow_on_kedro
import pytest
from mlflow.utils import import_hooks
from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS, autologging_is_disabled
from mlflow_on_kedro.config import autolog_options
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.observability import autolog

PLUGIN = Path(__file__).parents[3] / "plugin_src"
NODES = """
from kedro.pipeline import node, pipeline

def train(depth):
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(max_depth=depth)
    model.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    return int(model.get_depth())

def copy(deep):
    return deep

def create_pipeline():
    return pipeline([
        node(train, "params:depth", "deep", name="train"),
        node(copy, "deep", "copied", name="copy"),
    ])
"""
SKLEARN = {"sklearn": {"log_models": False, "log_datasets": False}}

# MLflow's own hook on imports is of a kind that Python warns of.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*falling back to load_module:ImportWarning"),
    pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning"),
]

MakeProject = Callable[..., Any]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Nothing is on before a test, and nothing after it, though the test may have failed."""
    assert autologging_is_disabled("sklearn")
    # What other tests have switched off by name `mlflow.autolog` would leave off.
    AUTOLOGGING_INTEGRATIONS.update({name: {} for name in AUTOLOGGING_INTEGRATIONS})
    yield
    mlflow.sklearn.autolog(disable=True)
    mlflow.autolog(disable=True)
    AUTOLOGGING_INTEGRATIONS.update({name: {} for name in AUTOLOGGING_INTEGRATIONS})
    import_hooks._post_import_hooks.clear()
    autolog._switch = autolog._Switch()


def make(make_project: MakeProject, value: Any, nodes: str = NODES, **keys: Any) -> Any:
    """A project that autologs."""
    return make_project(
        nodes, parameters={"depth": 2}, mlflow={"autolog": value, "time": {"gantt": False}, **keys}
    )


class TestRunners:
    """It lands in the run, whatever runs the nodes."""

    @pytest.mark.parametrize(
        "value",
        [True, pytest.param(SKLEARN, marks=pytest.mark.slow)],
        ids=["all", "sklearn"],
    )
    def test_sequential(self, make_project: MakeProject, value: Any) -> None:
        """What a flavor logs is in the pipeline's run, and in no other."""
        project = make(make_project, value)
        project.session_run()
        run = project.run
        assert run.data.params["max_depth"] == "2"
        assert "training_score" in run.data.metrics
        assert run.data.tags["estimator_name"] == "DecisionTreeClassifier"
        assert run.info.status == "FINISHED"

    def test_threads(self, make_project: MakeProject) -> None:
        """With ThreadRunner, too."""
        from kedro.runner import ThreadRunner

        project = make(make_project, SKLEARN)
        project.session_run(runner=ThreadRunner(max_workers=2))
        assert project.run.data.params["max_depth"] == "2"
        assert autologging_is_disabled("sklearn")

    @pytest.mark.parametrize("method", [pytest.param("fork", marks=pytest.mark.slow), "spawn"])
    @pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
    def test_processes(self, make_project: MakeProject, method: str) -> None:
        """With ParallelRunner, too: it is switched on in the worker process."""
        project = make(make_project, SKLEARN)
        done = project.kedro("run", "--runner=ParallelRunner", env={"KEDRO_MP_CONTEXT": method})
        assert done.returncode == 0, done.stderr + done.stdout
        assert project.run.data.params["max_depth"] == "2"
        assert "training_score" in project.run.data.metrics

    def test_generator_nodes(self, make_project: MakeProject) -> None:
        """What a generator node trains while it yields is logged, too."""
        nodes = NODES.replace("return int(", "yield int(")
        project = make(make_project, SKLEARN, nodes)
        project.write("conf/base/catalog.yml", "deep: {type: pickle.PickleDataset, filepath: d}\n")
        project.session_run()
        assert project.run.data.params["max_depth"] == "2"

    def test_models(self, make_project: MakeProject) -> None:
        """A flavor's model is one of the run's."""
        project = make(make_project, {"sklearn": {"log_model_signatures": False}})
        project.session_run()
        assert len(project.client.get_run(project.run.info.run_id).outputs.model_outputs) == 1

    def test_offline(self, make_project: MakeProject) -> None:
        """While no server may be asked, parameters and metrics go into the journal."""
        project = make(make_project, SKLEARN, tracking={"mode": "offline"})
        project.session_run()
        (journal,) = (project.root / ".mlflow_on_kedro" / "journal").glob("*/*.jsonl")
        logged = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        assert ("max_depth", "2") in [(item.get("key"), item.get("value")) for item in logged]


class TestAsItWas:
    """Nothing is on that was not asked for."""

    @pytest.mark.parametrize("value", [True, SKLEARN], ids=["all", "sklearn"])
    def test_after_the_run(self, make_project: MakeProject, value: Any) -> None:
        """The next session of the process, which does not ask for it, does not inherit it."""
        make(make_project, value).session_run()
        assert autologging_is_disabled("sklearn")
        other = make(make_project, False)
        other.session_run()
        assert "max_depth" not in other.run.data.params
        assert not any(import_hooks._post_import_hooks.values())
        assert not any(getattr(finder, "name", "") == "sklearn" for finder in sys.meta_path)

    def test_after_a_failure(self, make_project: MakeProject) -> None:
        """After a run that failed it is off, too."""
        nodes = NODES.replace("return deep", "return 1 / 0")
        with pytest.raises(ZeroDivisionError):
            make(make_project, True, nodes).session_run()
        assert autologging_is_disabled("sklearn")

    def test_what_the_user_has_switched_on(self, make_project: MakeProject) -> None:
        """What was on before the run is on afterwards, with its own arguments."""
        mlflow.sklearn.autolog(log_models=False, log_datasets=False, max_tuning_runs=7)
        before = dict(AUTOLOGGING_INTEGRATIONS["sklearn"])
        project = make(make_project, {"sklearn": {"log_models": False, "max_tuning_runs": 1}})
        project.session_run()
        assert AUTOLOGGING_INTEGRATIONS["sklearn"] == before
        assert not autologging_is_disabled("sklearn")

    def test_what_waits_for_an_import(self, make_project: MakeProject) -> None:
        """What the user has switched on for libraries that are not imported yet still waits."""
        mlflow.autolog(log_models=False)
        before = {name: list(hooks) for name, hooks in import_hooks._post_import_hooks.items()}
        make(make_project, {"xgboost": False, **SKLEARN}).session_run()
        assert import_hooks._post_import_hooks == before

    def test_the_users_own_calls_stay(self, make_project: MakeProject) -> None:
        """With the default, what a node or a notebook switches on itself stays on."""
        mlflow.sklearn.autolog(log_models=False, log_datasets=False)
        project = make(make_project, False)
        project.session_run()
        assert project.run.data.params["max_depth"] == "2"
        assert not autologging_is_disabled("sklearn")

    def test_only_the_flavors_that_were_asked_for(self, make_project: MakeProject) -> None:
        """No other flavor waits for its library while the run lasts."""
        nodes = NODES.replace(
            "    return int(",
            "    from mlflow.utils import import_hooks\n"
            "    assert not any(import_hooks._post_import_hooks.values())\n"
            "    return int(",
        )
        make(make_project, SKLEARN, nodes).session_run()

    def test_runs_at_once(self) -> None:
        """It is on until the last of several runs has ended."""
        autolog.enter(SKLEARN)
        autolog.enter({"sklearn": True})
        autolog.leave()
        assert not autologging_is_disabled("sklearn")
        autolog.leave()
        assert autologging_is_disabled("sklearn")

    def test_nodes_in_a_worker(self) -> None:
        """In a worker that serves several runs it is on for as long as the node lasts."""
        import sklearn  # noqa: F401 - as the node would

        autolog.enter_node(SKLEARN)
        assert not autologging_is_disabled("sklearn")
        autolog.leave_node()
        autolog.leave_node()  # once too often changes nothing
        assert autologging_is_disabled("sklearn")
        assert autolog._switch.users == 0


class TestPartialPackages:
    """Flavors whose library is used without the package that MLflow names for it."""

    @pytest.fixture(autouse=True)
    def _langchain(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Packages as an integration of LangChain brings them, without LangChain's own."""
        files = {
            "langchain_core/__init__.py": "",
            "langchain_core/callbacks.py": """
                class BaseCallbackManager:
                    def __init__(self): self.inheritable_handlers = []
                    def merge(self, other): return self
            """,
            "langchain_core/runnables.py": "class RunnableSequence:\n    def batch(self): pass",
            "langchain_openai.py": "from langchain_core.callbacks import BaseCallbackManager",
        }
        for name, text in files.items():
            path = tmp_path / "packages" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "packages"))

    def test_langchain(self, said: list[str]) -> None:
        """What imports LangChain's core only is traced while the run lasts, and no longer."""
        value = {"langchain": True}
        autolog.check(value)
        autolog.enter(value)
        langchain = importlib.import_module("langchain_openai")
        patched = langchain.BaseCallbackManager.__init__
        assert "langchain_core" in sys.modules
        if any("No module named 'langchain'" in message for message in said):
            autolog.leave()
            pytest.skip("this MLflow needs the package langchain itself")
        assert not autologging_is_disabled("langchain")
        autolog.leave()
        assert autologging_is_disabled("langchain")
        assert langchain.BaseCallbackManager.__init__ is not patched

    def test_a_package_within_another(self) -> None:
        """That some package of a company's is there does not mean that this one is."""
        with pytest.raises(ConfigError, match=r"'autolog.gemini' needs the package google.genai"):
            autolog.check({"gemini": True})


class TestPlatforms:
    """Databricks calls mlflow.autolog() when a notebook is attached."""

    @pytest.fixture(autouse=True)
    def _databricks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "16.4")
        # MLflow imports Spark there, which is part of the platform.
        monkeypatch.setattr("mlflow.tracking.fluent.is_in_databricks_runtime", lambda: False)
        mlflow.autolog(log_models=False, log_datasets=False)
        import sklearn  # noqa: F401

        assert not autologging_is_disabled("sklearn")

    def test_off_while_the_run_lasts(self, make_project: MakeProject) -> None:
        """What the platform has switched on is off during the run, and on again after it."""
        project = make(make_project, False)
        project.session_run()
        assert "max_depth" not in project.run.data.params
        assert not autologging_is_disabled("sklearn")
        assert any(import_hooks._post_import_hooks.values())

    def test_what_was_asked_for(self, make_project: MakeProject) -> None:
        """A flavor that mlflow.yml names is on."""
        project = make(make_project, SKLEARN)
        project.session_run()
        assert project.run.data.params["max_depth"] == "2"


class TestMistakes:
    """One message names what is wrong, before the pipeline runs."""

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ({"skelarn": True}, r"for 'autolog.skelarn'. Did you mean 'sklearn'\?"),
            ({"tracking": True}, r"no autologging for 'autolog.tracking'"),
            ({"../x": True}, r"no autologging for 'autolog.../x'"),
            (
                {"sklearn": {"log_modles": True}},
                r"'autolog.sklearn' does not take 'log_modles'. Did you mean 'log_models'\?",
            ),
            ({"sklearn": {"log_models": "no"}}, r"'autolog.sklearn.log_models' must be true or"),
            ({"xgboost": {}}, r"'autolog.xgboost' needs the package xgboost"),
            ({"keras": {}}, r"'autolog.keras' needs the package keras"),
            ("sklearn", r"'autolog' must be true, false, or flavors"),
            (["sklearn"], r"'autolog' must be true, false, or flavors"),
            ({"sklearn": "yes"}, r"'autolog.sklearn' must be true, false, or arguments"),
        ],
    )
    def test_messages(self, make_project: MakeProject, value: Any, message: str) -> None:
        """The message names the key; no run is opened."""
        project = make(make_project, value)
        with pytest.raises(ConfigError, match=message):
            project.session_run()
        assert project.runs() == []

    def test_without_importing_the_library(self) -> None:
        """To check a flavor its library is not imported."""
        code = """
        import sys
        from mlflow_on_kedro.observability import autolog
        from mlflow_on_kedro.errors import ConfigError

        autolog.check({"sklearn": {"log_models": False}})
        try:
            autolog.check({"sklearn": {"log_model": False}})
        except ConfigError as error:
            assert "log_models" in error.message
        else:
            raise AssertionError
        assert "sklearn" not in sys.modules
        autolog.enter({"sklearn": {"log_models": False}})
        assert "sklearn" not in sys.modules
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_a_flavor_that_cannot_be_switched_on(self, caplog: pytest.LogCaptureFixture) -> None:
        """What fails when the library is imported is said, and the import succeeds."""
        with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
            autolog._starter("sklearn", {"no_such": 1})()
        assert "Autologging of sklearn could not be switched on" in caplog.text


@pytest.mark.parametrize("value", ["sklearn", ["sklearn"], {"sklearn": "yes"}])
def test_what_it_may_not_be(value: Any) -> None:
    """What is no form of the key is refused with mlflow.yml, also by commands that run nothing."""
    with pytest.raises(ConfigError, match=r"mlflow.yml: 'autolog"):
        parse({"autolog": value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (False, {}),
        ({}, {}),
        ({"sklearn": False}, {}),
        ({"sklearn": None, "xgboost": {"a": 1}}, {"sklearn": {}, "xgboost": {"a": 1}}),
    ],
)
def test_wanted(value: Any, expected: Any) -> None:
    """The forms that the key may have."""
    assert autolog_options.parse(value) == expected


def test_nothing_is_imported_when_it_is_off(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without autologging does not import the module for it."""
    project = make(make_project, False)
    monkeypatch.delattr(mlflow_on_kedro.observability, "autolog")
    monkeypatch.delitem(sys.modules, "mlflow_on_kedro.observability.autolog")
    project.session_run()
    assert "mlflow_on_kedro.observability.autolog" not in sys.modules
