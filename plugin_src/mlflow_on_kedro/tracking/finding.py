"""``Runs``: the runs of a project's experiment, read from MLflow page by page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigError, MLflowOnKedroError
from ..mlflow_internals.tags import PARENT_RUN
from ..utils.secrets import mask_urls
from . import store
from .failure_messages import SETTING, failure_message
from .failures import is_gone, is_refusal

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMMAND_TAG = "kedro_command"
"""The command that repeats a pipeline's run; runs that nodes begin have none."""
SWEEP_TAG = "kedro.sweep"
"""The sweep's id, in its run and those of all combinations."""
COMBINATION_TAG = "kedro.sweep.combination"
"""Which combination of a sweep a run is: its number, or ``shared``. The sweep's run has none."""
FINISHED = "attributes.status = 'FINISHED'"
NEWEST_FIRST = ("attributes.start_time DESC",)
RECENT = 50
"""How many runs a request reads if few are needed."""
MANY = 1000
"""How many it reads if many are needed: each page costs a store a search of its own."""
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")
# In MLflow's filters, which have no escapes; a backslash would hide the quote that ends the text.
_NOT_IN_FILTERS = re.compile(r"['\\]")

ResultT = TypeVar("ResultT")


class Runs:
    """Reads the runs of a project's experiment; by id or name, also those of the whole store.

    Args:
        uri: The tracking URI.
        experiment: The experiment's name.
        experiment_id: Its id, which comes before the name.
        setting: Where the URI was given, for messages.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        experiment_id: str | None = None,
        *,
        setting: str = SETTING,
    ) -> None:
        self.uri = uri
        self.experiment = experiment
        self.setting = setting
        self._experiment_id = experiment_id
        self._client: MlflowClient | None = None

    @property
    def client(self) -> MlflowClient:
        """A client of the store.

        Raises:
            MLflowOnKedroError: The store cannot be opened.
        """
        if self._client is None:
            self._client = self.request(lambda: store.connect(self.uri))
        return self._client

    @property
    def place(self) -> str:
        """The experiment and its store, as a message begins."""
        if self._experiment_id is not None:
            name = f"with the id {self._experiment_id} (MLFLOW_EXPERIMENT_ID)"
        else:
            name = f"'{self.experiment}'"
        return f"The experiment {name} in MLflow at {mask_urls(self.uri)}"

    def experiment_ids(self) -> list[str]:
        """Return the id of the experiment in a list, which is empty if there is none yet.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        if self._experiment_id is not None:
            return [self._experiment_id]
        found = self.request(lambda: self.client.get_experiment_by_name(self.experiment))
        return [str(found.experiment_id)] if found is not None else []

    def newest(self, filter_string: str = "", page_size: int = RECENT) -> Iterator[Run]:
        """Iterate over the runs of the experiment, the newest first.

        Those below a pipeline's run are left out, which its nodes or ``run.children`` have begun,
        and so are the combinations of a sweep: the sweep's own run stands for them.

        Args:
            filter_string: MLflow's filter.
            page_size: How many runs are read at a time.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        for page in self.pages(filter_string, page_size=page_size):
            yield from (run for run in page if not (is_below(run) or is_combination(run)))

    def pages(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = NEWEST_FIRST,
        page_size: int = RECENT,
    ) -> Iterator[Sequence[Run]]:
        """Iterate over the runs of the experiment, a page at a time: each costs one request.

        Args:
            filter_string: MLflow's filter.
            order_by: As for ``MlflowClient.search_runs``.
            page_size: How many runs a page has.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached, or refuses the filter.
        """
        ids, token = self.experiment_ids(), None
        while ids:
            page = self._search(ids, filter_string, order_by, page_size, token)
            yield page
            token = getattr(page, "token", None)
            if not token:
                return

    def with_id(self, run_id: str) -> Run | None:
        """Return the run with an id, of whatever experiment; None if there is none.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        if not _RUN_ID.fullmatch(run_id):
            return None

        def get() -> Run | None:
            try:
                return self.client.get_run(run_id)
            except Exception as error:
                if is_gone(error) or is_refusal(error):
                    return None
                raise

        return self.request(get)

    def with_id_prefix(self, prefix: str, most: int) -> Sequence[Run]:
        """Return the newest runs of the experiment whose ids begin with some letters and digits.

        Args:
            prefix: The letters and digits.
            most: How many runs to return at most.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        pages = self.pages(f"attributes.run_id LIKE '{prefix}%'", page_size=most)
        return next(pages, [])

    def children_of(self, run: Run, most: int) -> list[Run]:
        """Return the newest runs below a run, the oldest of them first.

        Args:
            run: MLflow's entity of the run.
            most: How many runs to return at most.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        condition = f"tags.`{PARENT_RUN}` = '{run.info.run_id}'"
        found = self._search([run.info.experiment_id], condition, NEWEST_FIRST, most)
        return list(reversed(found))

    def named(self, name: str, *, everywhere: bool = False) -> Run | None:
        """Return the newest run with a name; None if there is none.

        Args:
            name: The name.
            everywhere: Whether to search in all experiments of the store.

        Raises:
            MLflowOnKedroError: MLflow cannot be reached.
        """
        # `_` stands for any character, so the search may find other names, too.
        pattern = _NOT_IN_FILTERS.sub("_", name)
        ids = self._all_experiments() if everywhere else self.experiment_ids()
        if not ids:
            return None
        runs = self._search(ids, f"attributes.run_name LIKE '{pattern}'", NEWEST_FIRST, RECENT)
        return next((run for run in runs if run.info.run_name == name), None)

    def _all_experiments(self) -> list[str]:
        found = self.request(self.client.search_experiments)
        return [experiment.experiment_id for experiment in found]

    def _search(
        self,
        ids: list[str],
        filter_string: str,
        order_by: Sequence[str],
        page_size: int,
        token: str | None = None,
    ) -> Sequence[Run]:
        def search() -> Sequence[Run]:
            page: Sequence[Run] = self.client.search_runs(
                ids,
                filter_string,
                max_results=page_size,
                order_by=list(order_by),
                page_token=token,
            )
            return page

        return self.request(search)

    def request(self, call: Callable[[], ResultT]) -> ResultT:
        """Return what a call of MLflow gives.

        Raises:
            MLflowOnKedroError: The call has failed; the message is the user's.
        """
        try:
            return call()
        except MLflowOnKedroError:
            raise
        except Exception as error:
            effect = "so no run can be looked up"
            raise MLflowOnKedroError(
                failure_message(self.uri, error, effect, setting=self.setting)
            ) from None


def is_below(run: Any) -> bool:
    """Whether a run is a child, and not a pipeline's own run (``run.nested``)."""
    return PARENT_RUN in run.data.tags and COMMAND_TAG not in run.data.tags


def is_combination(run: Any) -> bool:
    """Whether a run is one combination of a sweep, and not the sweep's own run."""
    return COMBINATION_TAG in run.data.tags


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
