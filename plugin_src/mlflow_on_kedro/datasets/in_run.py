"""What an ``MLflowDataset`` has saved to a run, as MLflow holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..secrets import mask_urls
from ..tracking.downloads import artifacts_of, download, name_in_run, place
from ..tracking.store import connect
from .backing import ELSEWHERE
from .origin import Origin

if TYPE_CHECKING:
    from .backing import Backing
    from .formats import AnyDataset
    from .tracked import TrackedDataset
    from .value_kinds import ValueKind

_WHAT = {"p": "parameter", "m": "metric"}


class InRun:
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
        backing: Backing,
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

    @property
    def artifact(self) -> str:
        """The place among a run's artifacts."""
        parts = (self._folder, self._backing.artifact_name())
        return "/".join(part for part in parts if part)

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
            path = download(self._uri, run_id, self.artifact, self._owner.root, reuse=self._reuse)
        except DatasetError as error:
            raise DatasetError(f"{error}{self._advice}") from None
        return self._backing.downloaded(path.as_posix())

    def origin(self, run_id: str) -> Origin:
        """Say where :meth:`load` has a value from."""
        elsewhere = self._given_uri if self._given_uri != self._owner.loading_uri(None) else None
        if self._backing.kind is not None:
            key = self._owner.key_in_run() or self._owner.key()
            return Origin(f"runs:/{run_id}/{key}", None, elsewhere)
        path = place(self._owner.root, run_id, self.artifact)
        return Origin(f"runs:/{run_id}/{self.artifact}", path, elsewhere)

    def is_in(self, run_id: str) -> bool:
        """Whether a run has the value; nothing is downloaded."""
        client, kind = connect(self._uri), self._backing.kind
        if kind is None:
            artifact = name_in_run(client, run_id, self.artifact)
            return artifact in artifacts_of(client, run_id, artifact.rpartition("/")[0] or None)
        try:
            kind.read(client, run_id, self._owner.key_in_run())
        except KeyError:
            return False
        return True

    @property
    def _uri(self) -> str:
        return self._owner.loading_uri(self._given_uri)

    @property
    def _advice(self) -> str:
        return "" if self._chosen else f" {ELSEWHERE}"

    def _read(self, kind: ValueKind, run_id: str) -> Any:
        uri, key = self._uri, self._owner.key()
        try:
            return kind.read(connect(uri), run_id, self._owner.key_in_run())
        except KeyError:
            raise DatasetError(
                f"Run {run_id} in MLflow at {mask_urls(uri)} has no "
                f"{_WHAT.get(self._backing.name, 'value')} '{key}'.{self._advice}"
            ) from None
        except Exception as error:
            raise DatasetError(
                f"'{key}' cannot be loaded from run {run_id} in MLflow at {mask_urls(uri)}: "
                f"{mask_urls(str(error))}"
            ) from None
