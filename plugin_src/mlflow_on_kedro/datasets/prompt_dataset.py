"""``MLflowPromptDataset``: a prompt of MLflow's prompt registry, with or without a local file."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kedro.io import DatasetError

from ..config.checks import check_choice
from ..prompts.content import PromptContent, WantedVersion
from ..prompts.source import ALIAS, NAME, PromptSource
from ..tracking import store
from ..utils.secrets import mask_secrets
from . import prompt_files, prompt_forms
from .arguments import check_texts
from .prompt_forms import FORMS, LoadedPrompt
from .prompt_registry import PromptRegistry
from .prompt_sync import SYNC, PromptFile
from .tracked import TrackedDataset
from .value_location import ValueLocation

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


class MLflowPromptDataset(TrackedDataset):
    """A prompt of MLflow's prompt registry, whose version MLflow links to the run that loads it.

    With ``filepath`` the local file is the source of truth, unless ``sync`` says otherwise: a
    changed file becomes a new version, and the prompt is there while MLflow cannot be reached.

    Args:
        prompt: The prompt's name in MLflow, for its newest version; or ``prompts:/name/3`` (a
            version) or ``prompts:/name@alias``. Default: the name in the catalog.
        filepath: A local file with the prompt: ``.yml`` or ``.json`` with ``template`` (a text, or
            messages with ``role`` and ``content``) and, if wanted, ``response_format`` and
            ``model_config``; or ``.txt`` or ``.md`` with a text. Default: there is none.
        dataset_name: The prompt's name, if ``prompt`` is not given. Default: the catalog's.
        as_: In a catalog ``as``: what nodes get. ``prompt`` (default), MLflow's ``PromptVersion``;
            ``str``, the text; ``messages``, a list of dicts; ``langchain``, LangChain's
            ``PromptTemplate`` or ``ChatPromptTemplate``.
        sync: What happens if the file and MLflow differ. ``local`` (default): the file's content is
            registered. ``remote``: the file is overwritten. ``strict``: an error is raised.
        alias: An alias for each version that is registered.
        commit_message: A message for each version that is registered.
        tags: Tags of each version that is registered.
        variables: The names of the variables that nodes fill in. An error is raised if the template
            lacks one of them, or has another one.
        metadata: Any data, for Kedro-Viz.

    Raises:
        DatasetError: An argument is invalid.

    Example:
        >>> dataset = MLflowPromptDataset("answer", "answer.txt", as_="str")
        >>> _ = Path("answer.txt").write_text("Answer {{question}}.")
    """

    other_arguments: ClassVar[tuple[str, ...]] = ("as",)
    """Arguments in a catalog that are reserved words of Python."""

    def __init__(
        self,
        prompt: str | None = None,
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        *,
        as_: str | None = None,
        sync: str | None = None,
        alias: str | None = None,
        commit_message: str | None = None,
        tags: Mapping[str, Any] | None = None,
        variables: Collection[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **other: str,
    ) -> None:
        self.filepath = str(filepath) if filepath is not None else None
        self.dataset_name = dataset_name
        self.metadata = metadata
        self._form = other.pop("as", "") or as_ or "prompt"
        if other:
            raise DatasetError(f"MLflowPromptDataset does not take '{next(iter(other))}'.")
        self._sync = sync or "local"
        self._prompt = prompt
        self._alias = alias
        self._message = commit_message
        check_texts(prompt=prompt, alias=alias, commit_message=commit_message)
        if tags is not None and not isinstance(tags, Mapping):
            raise DatasetError(f"`tags` must be a mapping, such as {{team: search}}, not {tags!r}.")
        self._tags = {str(key): mask_secrets(str(value)) for key, value in (tags or {}).items()}
        names = [variables] if isinstance(variables, str) else variables
        self._variables = frozenset(map(str, names)) if names is not None else None
        self._loaded: LoadedPrompt | None = None
        self._check_arguments()

    def _check_arguments(self) -> None:
        check_choice("as", self._form, tuple(FORMS), self.dataset_name or "prompt")
        check_choice("sync", self._sync, tuple(SYNC), self.dataset_name or "prompt")
        if self._alias is not None and not ALIAS.fullmatch(self._alias):
            raise DatasetError(
                f"`alias`: MLflow takes letters, digits, - and _, and neither a number nor "
                f"`latest`, not {self._alias!r}."
            )
        if self.filepath is not None:
            prompt_files.check_suffix(self.filepath)
        source = self._given_source()
        if source is None:
            return
        has_file = self.filepath is not None and self._sync == "local"
        if has_file and not source.is_newest:
            raise DatasetError(
                f"`prompt: {self._prompt}` is one version, but `sync: local` loads what is in "
                f"{self.filepath}. Write `prompt: {source.name}`, or choose `sync: remote`."
            )

    def _given_source(self) -> PromptSource | None:
        try:
            return PromptSource.from_text(self._prompt) if self._prompt is not None else None
        except ValueError as error:
            raise DatasetError(f"`prompt`: {error}.") from None

    def check(self) -> None:
        """Find a missing package and an invalid name before the pipeline runs."""
        prompt_forms.check(self._form)
        self._source()

    def prepare(
        self,
        catalog: CatalogProtocol[Any, Any],  # noqa: ARG002 - other datasets need it
        known: Collection[str],  # noqa: ARG002
        *,
        is_saved: bool,
    ) -> None:
        """Raise an error for a prompt that a node saves and that cannot be saved."""
        if is_saved:
            self._check_can_save()

    def _check_can_save(self) -> None:
        if self.filepath is None:
            raise DatasetError(
                "a prompt that a node saves needs `filepath`, such as "
                f"prompts/{self.key()}.yml, from which other nodes load it."
            )
        if self._sync != "local":
            raise DatasetError(
                f"a prompt that a node saves cannot have `sync: {self._sync}`: its file, and not "
                "MLflow, has what was saved last."
            )

    # -- names and places ------------------------------------------------------------------------

    def _source(self) -> PromptSource:
        given = self._given_source()
        if given is not None:
            return given
        name = self.key()
        if not NAME.fullmatch(name):
            raise DatasetError(
                f"MLflow takes letters, digits, '-', '_' and '.' in the name of a prompt, not "
                f"{name!r}: give it another one with `prompt`."
            )
        return PromptSource(name)

    def _path(self) -> Path | None:
        return Path(self.resolved(self.filepath)) if self.filepath is not None else None

    def unversioned_path(self) -> Path | None:
        """Return the local file."""
        return self._path()

    def chosen_source(self) -> str | None:
        """Return the URI in MLflow that is loaded; None if the local file is."""
        has_file = self.filepath is not None and self._sync == "local"
        return None if has_file else self._source().uri

    def value_location(self) -> ValueLocation:
        """Return which version was loaded last, and the local file."""
        number = self._loaded.number if self._loaded is not None else 0
        source = self._source()
        exact = PromptSource(source.name, number).uri if number else None
        chosen = self.chosen_source()
        return ValueLocation(
            exact or chosen,
            path=self._path(),
            asked_for=chosen if exact not in {None, chosen} else None,
        )

    # -- loading -----------------------------------------------------------------------------------

    def load(self) -> Any:
        """Load the prompt in the chosen form, and link its version to the run.

        Raises:
            DatasetError: There is no such prompt, its file is broken, or MLflow cannot be reached
                and there is no file.
        """
        store.prepare()
        registry, source, path = self._registry(), self._source(), self._path()
        if path is None:
            self._loaded = registry.load(source)
        else:
            file = PromptFile(path, registry, source, self._wanted)
            self._loaded = SYNC[self._sync](file)
        self._check_variables(self._loaded.content)  # also of what MLflow has
        return prompt_forms.convert(self._form, self._loaded)

    def _check_variables(self, content: PromptContent) -> None:
        if self._variables is None:
            return
        name = self._source().name
        missing = sorted(self._variables - content.variables)
        if missing:
            raise DatasetError(
                f"The prompt '{name}' has no {{{{{missing[0]}}}}}, which `variables` lists. It "
                f"has: {', '.join(sorted(content.variables)) or 'none'}."
            )
        extra = sorted(content.variables - self._variables)
        if extra and not content.is_jinja:  # Jinja2 has variables of its own, as in loops
            raise DatasetError(
                f"The prompt '{name}' has the variable {{{{{extra[0]}}}}}, which `variables` does "
                f"not list: {', '.join(sorted(self._variables))}."
            )

    # -- saving ------------------------------------------------------------------------------------

    def save(self, data: Any) -> None:
        """Write the prompt to its file, and register it if MLflow's newest version differs.

        Args:
            data: A text, messages, a mapping as in a file, or MLflow's ``PromptVersion``.

        Raises:
            DatasetError: It is no prompt, has not the variables that it is to have, or the file
                cannot be written.
        """
        self._check_can_save()
        store.prepare()
        content = prompt_files.content_of(data, f"What was saved as '{self.dataset_name}'")
        wanted, path = self._wanted(content), self._path()
        if path is not None:
            prompt_files.write(path, content)
        self._loaded = self._registry().register(wanted)

    def _wanted(self, content: PromptContent) -> WantedVersion:
        """Return the version to register, if nodes can use it.

        Raises:
            DatasetError: It has other variables, or not the form that nodes get.
        """
        self._check_variables(content)
        if self._form != "prompt":  # MLflow's own takes any
            prompt_forms.convert(self._form, LoadedPrompt(self._source().name, content))
        message = mask_secrets(self._message or "")
        return WantedVersion(content, message, self._tags, self._alias or "")

    def _registry(self) -> PromptRegistry:
        return PromptRegistry(
            self._source().name,
            self.name,
            self.tracking_uri_for(None),
            self.run(),
            self.root,
            self._logs,
        )

    # -- Kedro's other methods ---------------------------------------------------------------------

    def _exists(self) -> bool:
        path = self._path()
        if path is not None and path.exists():
            return True
        return self._registry().exists(self._source())

    def _describe(self) -> dict[str, Any]:
        given = {
            "prompt": self._prompt or self.dataset_name,
            "filepath": self.filepath,
            "as": self._form,
            "sync": self._sync if self.filepath is not None else None,
            "alias": self._alias,
        }
        return {key: value for key, value in given.items() if value is not None}
