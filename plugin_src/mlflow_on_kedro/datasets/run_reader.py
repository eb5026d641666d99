"""What an ``MLflowDataset`` has saved to a run, as MLflow holds it."""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.entries import File
from ..tracking import artifact_names
from ..tracking.downloads import artifacts_of, download, name_in_run, place
from ..tracking.group_lookup import first_with
from ..tracking.load_failures import load_message
from ..tracking.store import connect
from ..utils.secrets import mask_urls
from .local_backend import ELSEWHERE
from .value_location import Origin

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun
    from .formats import AnyDataset
    from .local_backend import LocalBackend
    from .tracked import TrackedDataset
    from .value_kinds import ValueKind

_WHAT = {"p": "parameter", "m": "metric"}


class RunReader:
    """Finds and loads a dataset's value in runs.

    Args:
        owner: The MLflow dataset.
        backing: Its backend.
        folder: The folder inside a run's artifacts, if the user chose one.
        uri: The tracking URI, if the user chose one.
        chosen: The user chose the run to load from: a download may be used again.
        reuse: Use an earlier download.
    """

    def __init__(
        self,
        owner: TrackedDataset,
        backing: LocalBackend,
        folder: str | None,
        uri: str | None,
        *,
        chosen: bool,
        reuse: bool,
    ) -> None:
        self._owner = owner
        self._backing = backing
        self._folder = folder
        self._given_uri = uri
        self._chosen = chosen
        self._reuse = reuse and chosen
        self._holders: dict[str, str] = {}
        """The child run that has the file, by the run that was asked for it."""

    @property
    def artifact(self) -> str:
        """The place among a run's artifacts, unless another dataset of the run has the same."""
        parts = (self._folder, self._backing.artifact_name())
        return "/".join(part for part in parts if part)

    @property
    def own_artifact(self) -> str:
        """The place among a run's artifacts where another dataset of the run has the usual one."""
        parts = (
            self._folder,
            artifact_names.folder_of(self._owner.name),
            self._backing.artifact_name(),
        )
        return "/".join(part for part in parts if part)

    def place_for_saving(self, run: TrackedRun) -> str:
        """The place among the artifacts of a run that the value is saved to."""
        is_shared = self._owner.name in run.plan.own_folders
        return self.own_artifact if is_shared else self.artifact

    def load(self, run_id: str) -> Any:
        """Load the value.

        Raises:
            DatasetError: The run does not have it, or MLflow cannot be reached.
        """
        kind = self._backing.kind
        if kind is not None:
            return self._read(kind, run_id)
        return self.file(run_id).load()

    def file(self, run_id: str) -> AnyDataset:
        """The backend on the file that a run has, brought here.

        Raises:
            DatasetError: As :meth:`load`.
        """
        try:
            path = self._download(run_id)
        except DatasetError as error:
            holder = run_id
            with suppress(Exception):  # the download has said what is wrong
                holder = self._holder(run_id)
            if holder == run_id:
                raise DatasetError(f"{error}{self._advice}") from None
            self._holders[run_id] = holder
            path = self._download(holder)
        return self._backing.downloaded(path.as_posix())

    def _download(self, run_id: str) -> Path:
        artifact = self._artifact_in(run_id)
        return download(self._uri, run_id, artifact, self._owner.root, reuse=self._reuse)

    def origin(self, run_id: str) -> Origin:
        """Say where :meth:`load` has a value from."""
        elsewhere = self._given_uri if self._given_uri != self._owner.loading_uri(None) else None
        if self._backing.kind is not None:
            key = self._owner.key_in_run() or self._owner.key()
            return Origin(f"runs:/{run_id}/{key}", None, elsewhere)
        run_id = self._holders.get(run_id, run_id)
        artifact = self._downloaded(run_id) or self.artifact
        path = place(self._owner.root, run_id, artifact)
        return Origin(f"runs:/{run_id}/{artifact}", path, elsewhere)

    def is_in(self, run_id: str) -> bool:
        """Whether a run has the value; nothing is downloaded."""
        kind = self._backing.kind
        try:
            if kind is None:
                self._holder(run_id)
            else:
                self._value(kind, run_id)
        except KeyError:
            return False
        return True

    def _holder(self, run_id: str) -> str:
        """The run that has the file: one with an id, or a child run of that.

        Raises:
            KeyError: None has it.
        """
        client = connect(self._uri)

        def holder(one: str, _: str) -> str:
            if self._is_own(client, one) or _is_there(client, one, self.artifact):
                return one
            raise KeyError(one)

        return first_with(client, run_id, self._owner.name, holder, KeyError)

    def _value(self, kind: ValueKind, run_id: str) -> Any:
        client = connect(self._uri)
        read = functools.partial(kind.read, client)
        return first_with(client, run_id, self._owner.key_in_run(), read, KeyError)

    def is_entry(self, entry: File) -> bool:
        """Whether an entry of a run's journal is the value's file."""
        name = PurePath(entry.path).name
        place = f"{entry.folder}/{name}" if entry.folder else name
        is_file = self._backing.kind is None and type(entry) is File
        return is_file and place in (self.own_artifact, self.artifact)

    def _artifact_in(self, run_id: str) -> str:
        """The place among a run's artifacts; it may be a run in which several had the usual one."""
        known = self._downloaded(run_id) if self._reuse else None
        if known is not None:
            return known
        try:
            is_own = self._is_own(connect(self._uri), run_id)
        except Exception:  # the download says what is wrong
            is_own = False
        return self.own_artifact if is_own else self.artifact

    def _downloaded(self, run_id: str) -> str | None:
        root = self._owner.root
        places = (self.own_artifact, self.artifact)
        return next((name for name in places if place(root, run_id, name).exists()), None)

    def _is_own(self, client: MlflowClient, run_id: str) -> bool:
        folder = self.own_artifact.rpartition("/")[0]
        return _is_there(client, run_id, folder) and _is_there(client, run_id, self.own_artifact)

    @property
    def _uri(self) -> str:
        return self._owner.loading_uri(self._given_uri)

    @property
    def _advice(self) -> str:
        return "" if self._chosen else f" {ELSEWHERE}"

    def _read(self, kind: ValueKind, run_id: str) -> Any:
        uri, key = self._uri, self._owner.key()
        try:
            return self._value(kind, run_id)
        except KeyError:
            raise DatasetError(
                f"Run {run_id} in MLflow at {mask_urls(uri)} has no "
                f"{_WHAT.get(self._backing.name, 'value')} '{key}'.{self._advice}"
            ) from None
        except Exception as error:
            said = (
                f"'{key}' cannot be loaded from run {run_id} in MLflow at {mask_urls(uri)}: "
                f"{mask_urls(str(error))}"
            )
            what = f"'{key}' of run {run_id}"
            raise DatasetError(load_message(uri, error, what, said)) from None


def _is_there(client: MlflowClient, run_id: str, artifact: str) -> bool:
    name = name_in_run(client, run_id, artifact)
    return name in artifacts_of(client, run_id, name.rpartition("/")[0] or None)
