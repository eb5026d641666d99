"""What MLflow has of a run and of those below it, and what of that another run lacks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .strays import PARENT

# Of a run, these say who has started it and how; a pipeline says so of its own.
OF_START = {"mlflow.source.name", "mlflow.source.type", "mlflow.runName", PARENT}
# MLflow 3.1 has another first character in the names of images.
_UNIQUE = re.compile(r"[0-9a-z][0-9a-f]{7}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{13}")
_TEXTS = {".txt", ".json", ".yaml"}


class RunContent:
    """What MLflow has of a run.

    Args:
        client: A client of its store.
        run_id: The run's id.
    """

    def __init__(self, client: Any, run_id: str) -> None:
        self._client = client
        self.run = client.get_run(run_id)
        self.experiment_id = self.run.info.experiment_id
        experiments = [each.experiment_id for each in client.search_experiments()]
        self._experiments = experiments
        below = client.search_runs(experiments, f"tags.`{PARENT}` = '{run_id}'", run_view_type=3)
        self.children = [RunContent(client, each.info.run_id) for each in below]

    @property
    def name(self) -> str:
        """The run's name; MLflow makes up one of a word, a word and a number."""
        return re.sub(r"^[a-z]+-[a-z]+-\d+$", "(made up)", str(self.run.info.run_name))

    @functools.cached_property
    def facts(self) -> list[tuple[str, ...]]:
        """Each single thing that MLflow has of the run alone, as texts."""
        return list(self._facts())

    def _facts(self) -> Iterator[tuple[str, ...]]:
        run = self.run
        for key, value in run.data.params.items():
            yield "parameter", key, self._same(value)
        for key in run.data.metrics:
            for point in self._client.get_metric_history(run.info.run_id, key):
                yield "metric", key, str(point.step), str(point.value)
        for key, value in run.data.tags.items():
            if key not in OF_START:
                yield "tag", key, self._same(value)
        yield from (("artifact", *each) for each in self._artifacts())
        for used in run.inputs.dataset_inputs:
            data = used.dataset
            tags = ",".join(sorted(f"{tag.key}={tag.value}" for tag in used.tags))
            yield "input", data.name, data.digest, data.source_type, data.schema or "", tags
        yield from self._models()
        yield from self._traces()

    def _same(self, text: str) -> str:
        """A text without what differs from run to run."""
        for folder in (self.run.info.artifact_uri, self.run.info.run_id):
            text = text.replace(folder, "(own)")
        return re.sub(r"\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d[.\d]*", "(time)", _UNIQUE.sub("(id)", text))

    def _artifacts(self, folder: str | None = None) -> Iterator[tuple[str, ...]]:
        for item in self._client.list_artifacts(self.run.info.run_id, folder):
            if item.is_dir:
                yield from self._artifacts(item.path)
                continue
            suffix, is_of_model = Path(item.path).suffix, "saved_model" in item.path
            content = ""
            if suffix in _TEXTS and not is_of_model:
                path = self._client.download_artifacts(self.run.info.run_id, item.path)
                content = self._same(Path(path).read_text(encoding="utf-8"))
            yield self._same(item.path), content

    def _models(self) -> Iterator[tuple[str, ...]]:
        run_id = self.run.info.run_id
        found = self._client.search_logged_models(self._experiments, f"source_run_id = '{run_id}'")
        linked = {each.model_id: each for each in self.run.outputs.model_outputs}
        used = {each.model_id for each in self.run.inputs.model_inputs}
        for model in found:
            step = linked[model.model_id].step if model.model_id in linked else "none"
            yield "model", model.name, str(model.status), str(model.model_type), f"step {step}"
            yield "model", model.name, f"an input: {model.model_id in used}"
            for key, value in model.params.items():
                yield "model", model.name, "parameter", key, value
            for key, value in model.tags.items():
                if key not in OF_START:
                    yield "model", model.name, "tag", key, self._same(value)
            for metric in model.metrics or ():
                yield "model", model.name, "metric", metric.key, str(metric.value)
        for version in self._client.search_model_versions(f"run_id = '{run_id}'"):
            yield "version", version.name, str(version.tags), str(version.aliases)

    def _traces(self) -> Iterator[tuple[str, ...]]:
        of_run = f"request_metadata.`mlflow.sourceRun` = '{self.run.info.run_id}'"
        found = self._client.search_traces([self.experiment_id], of_run)
        for trace in found:
            spans = [span.name for span in trace.data.spans]
            tags = [
                trace.info.tags.get("mine", ""),
                *(a.name for a in trace.info.assessments or ()),
            ]
            yield "trace", str(spans), str(tags), str(trace.info.state)


def lacking(plain: RunContent, ours: RunContent, *, is_child: bool = False) -> Iterator[str]:
    """Name what one run has, or those below it, and another has not.

    Args:
        plain: The one.
        ours: The other.
        is_child: Whether it is below another, so that its end and its experiment count.
    """
    have = list(ours.facts)
    for fact in plain.facts:
        if fact in have:
            have.remove(fact)
        else:
            like = [each for each in have if each[:2] == fact[:2]]
            yield f"{plain.name}: {fact} {like or ''}"
    if is_child:
        for what in ("status", "lifecycle_stage"):
            values = [getattr(each.run.info, what) for each in (plain, ours)]
            if values[0] != values[1]:
                yield f"{plain.name}: {what} {values}"
        if (plain.run.info.end_time is None) != (ours.run.info.end_time is None):
            yield f"{plain.name}: end time"
    left = sorted(ours.children, key=lambda each: each.run.info.start_time)
    for child in sorted(plain.children, key=lambda each: each.run.info.start_time):
        same = [each for each in left if each.name == child.name]
        if not same:
            yield f"{plain.name}: no child run {child.name} among {[one.name for one in left]}"
            continue
        least = min(same, key=lambda each: len(list(lacking(child, each, is_child=True))))
        left.remove(least)
        yield from lacking(child, least, is_child=True)
