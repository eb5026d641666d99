"""Code that calls MLflow has no less in MLflow from a pipeline than from a plain script."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kedro.runner
import pytest

from .run_content import RunContent, lacking
from .strays import Found

CALLERS = """
from functools import partial
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset
from kedro.pipeline import node, pipeline

from .plain import {module}

ANSWERS = Path({answers!r})
CALLER = "{caller}"


def call(name, _=None):
    try:
        answer = getattr({module}, name)()
    except Exception as error:
        answer = error
    (ANSWERS / name).write_text(repr(answer), encoding="utf-8")


class Calling(AbstractDataset):
    def __init__(self, name):
        self.name = name

    def load(self):
        call(self.name)
        return 1

    def save(self, data):
        pass

    def _describe(self):
        return {{}}


class Hooks:
    @hook_impl(tryfirst=True)
    def {caller}(self):
        for each in {module}.SNIPPETS:
            call(each.__name__)


def nothing(*_):
    pass


def create_pipeline():
    names = [each.__name__ for each in {module}.SNIPPETS]
    if CALLER == "node":
        return pipeline([node(partial(call, each), "params:n", None, name=each) for each in names])
    if CALLER == "dataset":
        return pipeline([node(nothing, f"data_{{each}}", None, name=each) for each in names])
    return pipeline([node(nothing, "params:n", None, name="nothing")])
"""
SETTINGS = """
from {package}.nodes import CALLER, Hooks
from mlflow_on_kedro import mlflow_hooks

HOOKS = (*mlflow_hooks(), Hooks()) if CALLER not in ("node", "dataset") else mlflow_hooks()
"""


def from_plain(
    snippets: Any, client: Any, uri: str, folder: Path
) -> tuple[dict[str, str], list[RunContent]]:
    """Run snippets as a script does, each with a run of its own."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    place = client.create_experiment("plain", artifact_location=folder.as_uri())
    answers, run_ids = {}, []
    for snippet in snippets:
        mlflow.set_experiment(experiment_id=place)
        with mlflow.start_run() as run:
            try:
                answers[snippet.__name__] = repr(snippet())
            except Exception as error:
                answers[snippet.__name__] = repr(error)
            if mlflow.active_run():  # or it would start one
                mlflow.flush_artifact_async_logging()
        run_ids.append(run.info.run_id)
    mlflow.flush_async_logging()
    mlflow.flush_trace_async_logging()
    mlflow.set_tracking_uri(None)
    mlflow.tracking.fluent._active_experiment_id = None
    return answers, [RunContent(client, run_id) for run_id in run_ids]


MODULES = ("values", "runs", "models")
OTHERS = (
    # Scripts that change what holds for a whole process, or fork, are for one thread at a time.
    ("values", "node", "ThreadRunner"),
    ("values", "node", "ParallelRunner"),
    *((module, "dataset", "SequentialRunner") for module in MODULES),
    *((module, "before_pipeline_run", "SequentialRunner") for module in MODULES),
    *((module, "after_pipeline_run", "SequentialRunner") for module in MODULES),
)


@pytest.mark.parametrize(
    ("module", "caller", "runner"),
    [
        ("values", "node", "SequentialRunner"),
        ("runs", "node", "SequentialRunner"),
        pytest.param("models", "node", "SequentialRunner", marks=pytest.mark.slow),
        *(pytest.param(*other, marks=pytest.mark.slow) for other in OTHERS),
    ],
)
def test_beside_plain_mlflow(
    make_project: Callable[..., Any],
    module: str,
    caller: str,
    runner: str,
    client: Any,
    store_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever plain MLflow has of a script, and tells it, a pipeline's run has and tells, too."""
    told = tmp_path / "answers"
    told.mkdir()
    project = make_project(
        CALLERS.format(module=module, answers=str(told), caller=caller), parameters={"n": 3}
    )
    project.write(f"src/{project.package}/settings.py", SETTINGS.format(package=project.package))
    shutil.copytree(
        Path(__file__).parent / "plain", project.root / "src" / project.package / "plain"
    )
    monkeypatch.syspath_prepend(str(project.root / "src"))
    snippets = importlib.import_module(f"{project.package}.plain.{module}").SNIPPETS
    catalog = "\n".join(
        f"data_{each.__name__}: {{type: {project.package}.nodes.Calling, name: {each.__name__}}}"
        for each in snippets
    )
    project.write("conf/base/catalog.yml", catalog if caller == "dataset" else "")
    answers, plain = from_plain(snippets, client, store_uri, tmp_path / "plain")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):  # which MLflow has set
        monkeypatch.delenv(name, raising=False)
    if runner == "ParallelRunner":
        ended = project.kedro("run", "--runner=ParallelRunner")
        assert ended.returncode == 0, ended.stderr
    else:
        project.session_run(runner=getattr(kedro.runner, runner)())
    ours = {name: (told / name).read_text(encoding="utf-8") for name in answers}
    run = RunContent(project.client, Found(project).run.info.run_id)
    others = {name: (answers[name], ours[name]) for name in answers if answers[name] != ours[name]}
    assert others == {}
    assert [each for one in plain for each in lacking(one, run)] == []
