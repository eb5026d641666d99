"""Finding a run that the user names by its id, its name or ``last``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigError, MLflowOnKedroError
from ..mlflow_internals.tags import PARENT_RUN
from ..utils.secrets import mask_urls
from ..utils.suggestions import did_you_mean
from . import store
from .failure_messages import failure_message
from .failures import is_gone, is_refusal

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

LAST = "last"
COMMAND_TAG = "kedro_command"
"""The command that repeats a pipeline's run; runs that nodes begin have none."""
FINISHED = "attributes.status = 'FINISHED'"
NEWEST_FIRST = ("attributes.start_time DESC",)
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")
_RECENT = 50

ResultT = TypeVar("ResultT")


class Runs:
    """Finds runs of a project's experiment; by id or name, also those of the whole store.

    Args:
        uri: The tracking URI.
        experiment: The experiment's name.
        experiment_id: Its id, which comes before the name.
    """

    def __init__(self, uri: str, experiment: str, experiment_id: str | None = None) -> None:
        self.uri = uri
        self.experiment = experiment
        self._experiment_id = experiment_id

    @property
    def client(self) -> MlflowClient:
        """A client of the store.

        Raises:
            MLflowOnKedroError: The store cannot be opened.
        """
        return self._request(lambda: store.connect(self.uri))

    def find(self, wanted: str) -> Run:
        """Find a run: the newest one for ``last``, else by its id, else the newest with the name.

        Raises:
            MLflowOnKedroError: There is none, or MLflow cannot be reached.
        """
        if wanted == LAST:
            found = next(self.newest(), None)
            if found is None:
                raise MLflowOnKedroError(
                    f"{self._place} has no run yet: `kedro run` makes the first."
                )
            return found
        return self._by_id(wanted) or self._by_name(wanted)

    def newest(self, filter_string: str = "") -> Iterator[Run]:
        """Iterate over the recent runs of the experiment, the newest first.

        Those below a pipeline's run are left out, which its nodes or ``run.children`` have begun.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        token = None
        while True:
            page = self._request(functools.partial(self._search, filter_string, token=token))
            found = [run for run in page if not is_below(run)]
            yield from found
            token = getattr(page, "token", None)
            if len(found) == len(page) or not token:
                return

    def _by_id(self, run_id: str) -> Run | None:
        if not _RUN_ID.fullmatch(run_id):
            return None

        def get() -> Run | None:
            try:
                return self.client.get_run(run_id)
            except Exception as error:
                if is_gone(error) or is_refusal(error):
                    return None
                raise

        return self._request(get)

    def _by_name(self, name: str) -> Run:
        # MLflow's search has no escapes: `_` stands for any character, here for a quote. So the
        # search may find other names, too.
        pattern = name.replace("'", "_")
        filter_string = f"attributes.run_name LIKE '{pattern}'"
        for everywhere in (False, True):
            search = functools.partial(self._search, filter_string, everywhere=everywhere)
            runs = self._request(search)
            found = next((run for run in runs if run.info.run_name == name), None)
            if found is not None:
                return found
        names = [str(run.info.run_name) for run in self.newest()]
        raise MLflowOnKedroError(
            f"{self._place} has no run with the id or name {name!r}.{did_you_mean(name, names)} "
            f"`{LAST}` is the newest run."
        )

    def _search(
        self, filter_string: str, *, everywhere: bool = False, token: str | None = None
    ) -> Sequence[Run]:
        if everywhere:
            ids = [experiment.experiment_id for experiment in self.client.search_experiments()]
        elif self._experiment_id is not None:
            ids = [self._experiment_id]
        else:
            found = self.client.get_experiment_by_name(self.experiment)
            ids = [found.experiment_id] if found is not None else []
        if not ids:
            return []
        page: Sequence[Run] = self.client.search_runs(
            ids,
            filter_string,
            max_results=_RECENT,
            order_by=list(NEWEST_FIRST),
            page_token=token,
        )
        return page

    def _request(self, call: Callable[[], ResultT]) -> ResultT:
        try:
            return call()
        except MLflowOnKedroError:
            raise
        except Exception as error:
            effect = "so no run can be looked up"
            raise MLflowOnKedroError(failure_message(self.uri, error, effect)) from None

    @property
    def _place(self) -> str:
        if self._experiment_id is not None:
            name = f"with the id {self._experiment_id} (MLFLOW_EXPERIMENT_ID)"
        else:
            name = f"'{self.experiment}'"
        return f"The experiment {name} in MLflow at {mask_urls(self.uri)}"


def is_below(run: Any) -> bool:
    """Whether a run is a child, and not a pipeline's own run (``run.nested``)."""
    return PARENT_RUN in run.data.tags and COMMAND_TAG not in run.data.tags


def name_and_id(run: Any) -> str:
    """Name a run in a message."""
    return f"{run.info.run_name} ({run.info.run_id})"


def named_run(client: MlflowClient, run_id: str, uri: str, place: str) -> Any:
    """Find a run by an id from the user or a platform.

    Args:
        client: A client of the store.
        run_id: The id.
        uri: The tracking URI, for the message.
        place: Where the id was given, for the message.

    Returns:
        MLflow's ``RunInfo``.

    Raises:
        ConfigError: The store has no such run.
    """
    try:
        return client.get_run(run_id).info
    except Exception as error:
        if not (is_gone(error) or is_refusal(error)):
            raise
        raise ConfigError(
            f"{place} is {run_id!r}, but MLflow at {mask_urls(uri)} has no such run. Correct the "
            "id, or leave it out for a new run."
        ) from None
