"""How an ``MLflowPromptDataset`` asks MLflow's prompt registry, and what it logs to the run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..journal.entries import Prompt
from ..prompts import registry
from ..prompts.content import PromptContent, WantedVersion
from ..prompts.source import PromptSource
from ..runs.node_calls import server_call
from ..tracking import store
from ..tracking.failure_messages import load_message
from ..tracking.failures import Kind, kind_of, reason
from ..utils.clock import now_ms
from ..utils.locks import locked
from ..utils.secrets import mask_urls
from .prompt_forms import LoadedPrompt

if TYPE_CHECKING:
    from mlflow.entities.model_registry import PromptVersion

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_LOCK = "prompts.lock"
_AWAY = frozenset({Kind.SILENT, Kind.BUSY, Kind.SERVER})


class RegistryAwayError(DatasetError):
    """MLflow does not answer, or may not be asked."""


@dataclass(frozen=True)
class PromptRegistry:
    """A prompt in MLflow's registry, for a run.

    Attributes:
        name: The prompt's name.
        dataset: The dataset's name.
        uri: The tracking URI.
        run: The run that uses the prompt; None: there is none.
        root: The project's root.
        logs: False if tracking is disabled.
    """

    name: str
    dataset: str
    uri: str
    run: TrackedRun | None
    root: Path
    logs: bool

    def load(self, source: PromptSource) -> LoadedPrompt:
        """Load a version, and link it to the run.

        Raises:
            RegistryAwayError: MLflow does not answer.
            DatasetError: There is no such prompt, version or alias, or MLflow refuses it.
        """
        if self.run is not None and self.run.is_offline:
            raise RegistryAwayError(
                f"Only MLflow has this version of the prompt '{self.name}', and `tracking.mode` is "
                "`offline`. With `filepath` and `sync: local` a prompt is loaded from its file."
            )
        try:
            version = self._find(source)
        except Exception as error:
            text = load_message(
                self.uri,
                error,
                f"the prompt '{self.name}'",
                f"MLflow at {mask_urls(self.uri)} gave no prompt '{self.name}': {reason(error)}",
            )
            kind = RegistryAwayError if kind_of(error) in _AWAY else DatasetError
            raise kind(text) from None
        if version is None:
            raise DatasetError(f"MLflow at {mask_urls(self.uri)} has no {self._missing(source)}")
        return self._used(LoadedPrompt(self.name, PromptContent.from_version(version), version))

    def exists(self, source: PromptSource) -> bool:
        """Whether MLflow has a version."""
        return self._find(source) is not None

    def register(self, wanted: WantedVersion) -> LoadedPrompt:
        """Register a version, if the newest has other content, and link it to the run.

        While MLflow cannot be reached, or if it refuses the prompt, that waits in the run's
        journal.
        """
        return self.use(wanted, self._registered(wanted))

    def use(self, wanted: WantedVersion, version: PromptVersion | None = None) -> LoadedPrompt:
        """Use the content of a version; delivery finds or registers one that is not known yet.

        Args:
            wanted: The version.
            version: The version in MLflow, if it is known.
        """
        return self._used(LoadedPrompt(self.name, wanted.content, version), wanted)

    def _used(self, loaded: LoadedPrompt, wanted: WantedVersion | None = None) -> LoadedPrompt:
        """Log to the run which version it has used."""
        if self.run is not None and self.logs:
            text = wanted.to_text() if wanted is not None and not loaded.number else ""
            with self.run.guard():
                self.run.log_entry(Prompt(self.name, loaded.number, now_ms(), text, self.dataset))
                self.run.settle()
        return loaded

    def _registered(self, wanted: WantedVersion) -> PromptVersion | None:
        run = self.run
        if not self.logs or (run is not None and run.is_offline):
            return None
        try:
            if run is None:
                return self._find_or_register(wanted)
            patience = run.config.tracking.timeout
            version: PromptVersion | None = server_call.call_server(
                run,
                lambda: self._find_or_register(wanted),
                lambda: None,
                first_answer_seconds=patience,
            )
        except Exception as error:
            if run is None:
                logger.warning("The prompt '%s' is not registered: %s", self.name, reason(error))
            return None  # of a run, delivery tries again, and warns
        return version

    def _find_or_register(self, wanted: WantedVersion) -> PromptVersion | None:
        client = store.connect(self.uri)
        with self._in_experiment(), self._locked():
            return registry.find_or_register(client, self.name, wanted)

    def _find(self, source: PromptSource) -> PromptVersion | None:
        client = store.connect(self.uri)
        with self._in_experiment():
            return registry.find(client, source)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process of the project at a time compare a prompt with the newest version."""
        if self.run is None:
            yield
            return
        with locked(store.working_folder(self.root) / _LOCK):
            yield

    @contextlib.contextmanager
    def _in_experiment(self) -> Iterator[None]:
        opened = self.run.opened if self.run is not None else None
        if opened is None:
            yield
            return
        with registry.in_experiment(self.uri, opened.experiment_id):
            yield

    def _missing(self, source: PromptSource) -> str:
        newest = None
        with contextlib.suppress(Exception):  # the message is of something else
            newest = None if source.is_newest else self._find(PromptSource(self.name))
        if newest is None:
            return (
                f"prompt '{self.name}'. Register it in MLflow's UI or with "
                "`mlflow.genai.register_prompt`, or give it a local file with `filepath`."
            )
        known = f"of the prompt '{self.name}'. The newest version is {newest.version}."
        if source.version:
            return f"version {source.version} {known}"
        return (
            f"alias '{source.alias}' {known} Give a version the alias in MLflow's UI or with "
            "`mlflow.genai.set_prompt_alias`."
        )
