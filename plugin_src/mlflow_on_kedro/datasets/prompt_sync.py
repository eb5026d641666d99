"""The local file of a prompt and MLflow's registry: which one is loaded, and which one follows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kedro.io import DatasetError

from ..prompts.content import PromptContent, WantedVersion
from ..prompts.source import PromptSource
from . import prompt_files
from .prompt_forms import LoadedPrompt
from .prompt_registry import PromptRegistry, RegistryAwayError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PromptFile:
    """The file of a prompt that is in MLflow's registry, too.

    Attributes:
        path: The file.
        registry: MLflow's registry.
        source: Which version of the registry is meant.
        wanted: Makes, of a content, the version that is to be registered.
    """

    path: Path
    registry: PromptRegistry
    source: PromptSource
    wanted: Callable[[PromptContent], WantedVersion]

    def load_local(self) -> LoadedPrompt:
        """Load the file, and register its content if MLflow's newest version differs."""
        if self.path.exists():
            return self.registry.register(self.wanted(prompt_files.read(self.path)))
        try:
            loaded = self.registry.load(self.source)
        except DatasetError as error:
            raise DatasetError(f"There is no file {self.path}. {error}") from None
        self._write(loaded)
        return loaded

    def load_remote(self) -> LoadedPrompt:
        """Load the registry's version, and overwrite the file if that differs.

        While MLflow cannot be reached, the file is loaded, as it was written last.
        """
        try:
            loaded = self.registry.load(self.source)
        except RegistryAwayError as error:
            if not self.path.exists():
                raise
            logger.warning(
                "%s The prompt is loaded from %s, which may be another version.", error, self.path
            )
            return self.registry.use(WantedVersion(prompt_files.read(self.path), only_known=True))
        if not self.path.exists() or prompt_files.read(self.path) != loaded.content:
            self._write(loaded)
        return loaded

    def load_strict(self) -> LoadedPrompt:
        """Load the registry's version; raise an error if the file differs, or there is none."""
        if not self.path.exists():
            raise DatasetError(f"There is no file {self.path}, which `sync: strict` needs.")
        content, loaded = prompt_files.read(self.path), self.registry.load(self.source)
        if content != loaded.content:
            raise DatasetError(
                f"{self.path} differs from version {loaded.number} of the prompt '{loaded.name}' "
                "in MLflow, and `sync: strict` is set. `sync: local` registers the file as a new "
                "version, `sync: remote` overwrites it."
            )
        return loaded

    def _write(self, loaded: LoadedPrompt) -> None:
        prompt_files.write(self.path, loaded.content)
        logger.info(
            "%s has now version %s of the prompt '%s'.", self.path, loaded.number, loaded.name
        )


SYNC: Mapping[str, Callable[[PromptFile], LoadedPrompt]] = {
    "local": PromptFile.load_local,
    "remote": PromptFile.load_remote,
    "strict": PromptFile.load_strict,
}
"""How a prompt with a local file is loaded, by the value of ``sync``."""
