"""Reads the facts of a run from MLflow, with few requests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MLflowOnKedroError
from ..history.run_record import RunRecord
from ..provenance import files
from ..timeline.metric_spans import keys_by_kind
from ..tracking import store
from ..tracking.failure_messages import failure_message
from ..tracking.failures import is_silent
from ..tracking.finding import COMBINATION_TAG, COMMAND_TAG
from ..tracking.hidden_tags import HIDDEN
from ..tracking.timing_metrics import FAILED_NODE_TAG, PREFIX_TAG, names_in_runs
from ..utils.overlap import THREADS, overlap
from ..utils.pipeline_info import is_parameter
from .recorded_files import json_of, parsed
from .run_facts import CodeFacts, DataFacts, RunFacts

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_FILES = frozenset(
    {
        *(files.PARAMETERS, files.CATALOG, files.PIPELINE, files.CODE),
        *(files.PACKAGES, files.ENVIRONMENT, files.LOADED),
    }
)
_LOADED_PARTS = files.LOADED.removesuffix(".json")
_MOST_BYTES = 20_000_000
"""A larger file is none that the plugin has written."""
_LOADED_TAG = f"{HIDDEN}loaded."
ENV_PREFIX = "env.."
"""What the names of logged environment variables begin with by default."""


def facts_of(runs: Runs, run: Any, env_prefix: str = ENV_PREFIX) -> RunFacts:
    """Read all that can explain the results of a run.

    Args:
        runs: The runs of the project.
        run: MLflow's ``Run``.
        env_prefix: What the names of logged environment variables begin with.

    Raises:
        MLflowOnKedroError: MLflow or its artifact store cannot be reached.
    """
    found = parsed(_texts(runs, run.info.run_id))
    record, tags = RunRecord.from_run(run), run.data.tags
    params = record.params
    variables = {
        name: value for name, value in params.items() if env_prefix and name.startswith(env_prefix)
    }
    if found.get("environment") is not None or variables:
        found["environment"] = {**(found.get("environment") or {}), **variables}
    if found.get("environment") is not None:  # no file: nothing was loaded
        found["loaded"] = {**(found.get("loaded") or {}), **dict(_loaded_in_workers(tags))}
    found["command"] = found.get("command") or tags.get(COMMAND_TAG, "")
    found["code"] = found.get("code") or _code_of_tags(tags)
    timed = keys_by_kind(run, names_in_runs(tags.get(PREFIX_TAG) or None))
    return RunFacts(
        run_id=run.info.run_id,
        name=record.name,
        experiment_id=record.experiment_id,
        status=record.status,
        start_ms=record.start_ms,
        failed_node=tags.get(FAILED_NODE_TAG, ""),
        combination=tags.get(COMBINATION_TAG, ""),
        data=dict(_data(run)) or (None if _may_read_data(found["graph"]) else {}),
        logged_params={name: value for name, value in params.items() if name not in variables},
        metrics={
            name: value
            for name, value in record.metrics.items()
            if not (env_prefix and name.startswith(env_prefix))
        },
        durations={name: run.data.metrics[key] for key, name in timed["run"].items()},
        **found,
    )


def artifact_text(runs: Runs, run_id: str, path: str) -> str:
    """Return the text of a run's artifact; "" if it is gone, or may not be read.

    Args:
        runs: The runs of the project.
        run_id: The run.
        path: The artifact's path.

    Raises:
        Exception: MLflow or its artifact store cannot be reached.
    """
    texts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            _download(runs, run_id, path, folder, texts)
        except Exception as error:
            if is_silent(error):
                raise
    return texts.get(path, "")


def _code_of_tags(tags: Any) -> CodeFacts | None:
    commit = tags.get("mlflow.source.git.commit")
    if not commit:
        return None
    dirty = {"True": True, "False": False}.get(tags.get("kedro.git.dirty", ""))
    branch = tags.get("mlflow.source.git.branch", "")
    return CodeFacts(commit, branch, dirty=dirty, diff="" if dirty is False else None)


def _loaded_in_workers(tags: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in tags.items():
        if name.startswith(_LOADED_TAG) and (content := json_of(value)) is not None:
            yield name.removeprefix(_LOADED_TAG), content


def _may_read_data(graph: Mapping[str, Any]) -> bool:
    """Whether a pipeline takes more than parameters, or it is not known what it takes."""
    inputs = graph.get("inputs")
    return not isinstance(inputs, list) or not all(is_parameter(str(name)) for name in inputs)


def _data(run: Any) -> Iterator[tuple[str, DataFacts]]:
    for item in getattr(run.inputs, "dataset_inputs", None) or ():
        dataset = item.dataset
        profile, source = json_of(dataset.profile) or {}, json_of(dataset.source) or {}
        rows = profile.get("num_rows")
        yield (
            dataset.name,
            DataFacts(
                digest=dataset.digest,
                sha256=str(profile.get("sha256") or ""),
                place=str(source.get("uri") or source.get("url") or ""),
                rows=rows if isinstance(rows, int) else None,
            ),
        )


def _texts(runs: Runs, run_id: str) -> dict[str, str]:
    """Download the files of a run that say what it takes to repeat it."""
    texts: dict[str, str] = {}
    try:
        listed = list(_listed(runs, run_id, files.FOLDER))
        paths = {path for path in listed if path in _FILES}
        if _LOADED_PARTS in listed:
            paths |= set(_listed(runs, run_id, _LOADED_PARTS))
        with tempfile.TemporaryDirectory() as folder:
            calls = [partial(_download, runs, run_id, path, folder, texts) for path in paths]
            threads = THREADS if store.is_remote(runs.uri) else 1
            _raise_first(overlap(calls, threads))
    except Exception as error:
        if not is_silent(error):  # the artifacts of this run are gone, or may not be read
            return texts
        effect = f"so what run {run_id} has recorded cannot be read"
        message = failure_message(runs.uri, error, effect, setting=runs.setting)
        raise MLflowOnKedroError(message) from None
    return texts


def _raise_first(failures: Iterable[Exception | None]) -> None:
    for failure in failures:
        if failure is not None:
            raise failure


def _listed(runs: Runs, run_id: str, folder: str) -> Iterator[str]:
    with store.artifacts_at(runs.uri):
        for item in runs.client.list_artifacts(run_id, folder):
            if item.is_dir or (item.file_size or 0) <= _MOST_BYTES:
                yield item.path


def _download(runs: Runs, run_id: str, path: str, folder: str, texts: dict[str, str]) -> None:
    with store.artifacts_at(runs.uri):
        file = Path(runs.client.download_artifacts(run_id, path, folder))
    if file.stat().st_size <= _MOST_BYTES:
        texts[path] = file.read_text(encoding="utf-8", errors="replace")
