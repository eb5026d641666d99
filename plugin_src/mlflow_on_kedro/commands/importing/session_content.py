"""What of a session goes into MLflow: tags from Kedro's record, values and files."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...compat.kedro_viz.dataset_types import Kind
from ...compat.kedro_viz.sessions import Session
from ...compat.kedro_viz.tracked_files import TrackedFiles, kind_of_content, read_json
from ...hooks.tracked_values import log_tracked
from ...journal.entries import Text
from ...journal.run_logger import RunLogger
from ...mlflow_internals.tags import GIT_BRANCH, GIT_COMMIT, NOTE, SOURCE_NAME, SOURCE_TYPE
from ...runs import provenance
from ...runs.kedro_command import RUNTIME_PARAMS_TAG, runner_name
from ...tracking.artifact_names import folder_of
from ...tracking.description import ARTIFACT as DESCRIPTION_ARTIFACT
from ...tracking.description import within_limit
from ...tracking.finding import COMMAND_TAG
from ...tracking.group_lookup import PIPELINE_TAG
from ...utils.mlflow_limits import MAX_TAG_LENGTH
from ...utils.nested import flatten
from ...utils.pipeline_info import DEFAULT
from ...utils.secret_items import leave_out_secrets
from ...utils.secrets import is_secret, looks_secret, mask_secrets, without_secrets

ORIGIN_TAG = "kedro.imported_from"
"""On a run that was imported: from what."""
BOOKMARK_TAG = "kedro.bookmark"

_PIPELINES = ("pipeline", "pipelines")
# Options of `kedro run` -> Kedro's run params, as a run of this plugin has them as tags.
_RUN_PARAMS = {
    "env": "env",
    "tag": "tags",
    "tags": "tags",
    "node_names": "node_names",
    "nodes": "node_names",
    "from_nodes": "from_nodes",
    "to_nodes": "to_nodes",
    "from_inputs": "from_inputs",
    "to_outputs": "to_outputs",
    "load_version": "load_versions",
    "load_versions": "load_versions",
    "namespace": "namespaces",
    "namespaces": "namespaces",
    "runner": "runner",
}


@dataclass
class SessionContent:
    """The files of one session, read.

    Attributes:
        session: The session.
        values: The content of JSON files: the dataset's name, its kind, and what it holds.
        files: Files to attach, each with the name of its dataset.
        problems: A message for each file that cannot be read.
    """

    session: Session
    values: list[tuple[str, Kind, Any]] = field(default_factory=list)
    files: list[tuple[str, Path]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, session: Session, datasets: Iterable[TrackedFiles]) -> SessionContent:
        """Read the files that a session has saved."""
        found = cls(session)
        for dataset in datasets:
            file = dataset.file(session.id)
            if file is None:
                continue
            if dataset.kind == "plot":
                found.files.append((dataset.name, file))
                continue
            try:
                content = read_json(file)
            except ValueError as error:
                found.problems.append(f"{file} is left out, because it cannot be read: {error}.")
                continue
            kind = dataset.kind or kind_of_content(content)
            if kind == "plot":
                found.files.append((dataset.name, file))
            else:
                found.values.append((dataset.name, kind, content))
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a user of Kedro-Viz would miss."""
        return not (self.values or self.files or self.session.is_marked)

    def log(self, run: RunLogger, package: str) -> list[str]:
        """Log all of it.

        Args:
            run: Its run; metrics get the session's time from it.
            package: The project's package.

        Returns:
            The names of values that are left out because they look like secrets.
        """
        for key, value in tags_of(self.session, package).items():
            run.set_tag(key, value)
        if len(self.session.notes) > MAX_TAG_LENGTH:
            run.log_text(self.session.notes, DESCRIPTION_ARTIFACT)
        error = self.session.part("exception")
        if error:
            run.log_text(_traceback(error), "error/traceback.txt")
        params, hidden = leave_out_secrets("", _runtime_params(self.session))
        if params:
            run.log_params("", params)
        for name, kind, content in self.values:
            hidden += log_tracked(run, kind, name, content)
        self._log_files(run)
        return hidden

    def _log_files(self, run: RunLogger) -> None:
        """Log plots, and JSON files: parameters hold neither their nesting nor long lists."""
        texts = [(name, content) for name, kind, content in self.values if kind == "json"]
        names = Counter(
            [*(_json_name(name) for name, _ in texts), *(file.name for _, file in self.files)]
        )
        for name, content in texts:
            shown, _ = leave_out_secrets(name, content)
            text = json.dumps(_masked_texts(shown), indent=2, ensure_ascii=False)
            run.log_entry(Text(_json_name(name), text))
        for name, file in self.files:
            folder = folder_of(name) if names[file.name] > 1 else ""
            run.log_artifact(file, folder)
            page = _figure_page(file)
            if page is not None:
                run.log_text(page, "/".join(filter(None, (folder, f"{file.stem}.html"))))


def _masked_texts(value: Any) -> Any:
    """Mask secrets in texts, before these are JSON, in which a mask may take more with it."""
    if isinstance(value, Mapping):
        return {name: _masked_texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked_texts(item) for item in value]
    return mask_secrets(value) if isinstance(value, str) else value


def _json_name(dataset: str) -> str:
    return f"{folder_of(dataset)}.json"


def tags_of(session: Session, package: str) -> dict[str, Any]:
    """Return the tags of a session's run, by the names that runs of this plugin have.

    Args:
        session: The session.
        package: The project's package.

    Example:
        >>> record = {"cli": {"command_path": "kedro run --env=prod", "params": {"env": "prod"}}}
        >>> tags = tags_of(Session("2023-11-02T18.30.24.123Z", record), "wine")
        >>> tags["kedro.env"], tags["kedro_command"]
        ('prod', 'kedro run --env=prod')
    """
    git, error = session.part("git"), session.part("exception")
    tags = {
        ORIGIN_TAG: "Kedro-Viz",
        SOURCE_NAME: package,
        SOURCE_TYPE: provenance.PROJECT,
        **provenance.with_shown({GIT_COMMIT: git.get("commit_sha"), GIT_BRANCH: git.get("branch")}),
        "kedro.git.dirty": git.get("dirty"),
        NOTE: within_limit(mask_secrets(session.notes)),
        COMMAND_TAG: _command(session),
        RUNTIME_PARAMS_TAG: without_secrets(_runtime_params(session)),
        BOOKMARK_TAG: session.bookmark or None,
        "error": mask_secrets(f"{error.get('type')}: {error.get('value')}") if error else None,
        "kedro.env": session.content.get("env"),
    }
    options = session.part("cli").get("params")
    for option, value in options.items() if isinstance(options, Mapping) else ():
        name = _RUN_PARAMS.get(option)
        if name is not None and value:
            tags[f"kedro.{name}"] = runner_name(value) if name == "runner" else value
        elif option in _PIPELINES:
            names = value if isinstance(value, list) else [value or DEFAULT]
            tags[PIPELINE_TAG] = ",".join(map(str, names))
    return {key: value for key, value in tags.items() if value not in (None, "", {})}


def _runtime_params(session: Session) -> Mapping[str, Any]:
    return session.part("runtime_params") or session.part("extra_params")


def _command(session: Session) -> str:
    """Return the command as it was typed, without the values of secrets."""
    text = str(session.part("cli").get("command_path") or "")
    for name, value in flatten("", _runtime_params(session)):
        if value and isinstance(value, str) and (looks_secret(name) or is_secret(name, value)):
            text = text.replace(value, "***")
    return mask_secrets(text)


def _traceback(error: Mapping[str, Any]) -> str:
    lines = error.get("traceback")
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")


def _figure_page(file: Path) -> str | None:
    """Return a page with Plotly's figure, as MLflow's ``log_figure`` writes it; None: no figure."""
    if file.suffix != ".json" or not file.is_file() or importlib.util.find_spec("plotly") is None:
        return None
    from plotly.io import from_json

    try:
        figure = from_json(file.read_text(encoding="utf-8"), skip_invalid=True)
        return str(figure.to_html(include_plotlyjs="cdn"))
    except Exception:  # the figure is of a version that this one cannot read; its JSON is there
        return None
