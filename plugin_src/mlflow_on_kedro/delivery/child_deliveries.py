"""Delivering the child runs of a pipeline's run, whose journals lie within its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from ..journal.folder import Journal
from .entry_queue import EntryQueue


class Delivery(Protocol):
    """What this module needs of a :class:`~.run_delivery.RunDelivery`, which imports it."""

    queue: EntryQueue

    def send_values(self) -> int:
        """Send some values."""

    def send_files(self) -> int:
        """Upload some files."""


DeliveryT = TypeVar("DeliveryT", bound=Delivery)


class ChildDeliveries(Generic[DeliveryT]):
    """The deliveries of child runs, created when they are needed.

    The runs of ``run.children`` are delivered while the pipeline runs; those that nodes began
    themselves while MLflow was unreachable, when it has ended.

    Args:
        journal: The pipeline's journal; None: there are no children.
        make: Creates the delivery of a child's journal.
    """

    def __init__(self, journal: Journal | None, make: Callable[[Journal], DeliveryT]) -> None:
        self._journal = journal
        self._make = make
        self._live: dict[str, DeliveryT] = {}
        self._parent = ""

    def send_values(self, parent: str) -> int:
        """Send some values of the children that are delivered while the pipeline runs.

        Args:
            parent: The id of the pipeline's run in MLflow.

        Returns:
            How many.

        Raises:
            Exception: As for :meth:`.RunDelivery.send_values`.
        """
        if parent != self._parent:  # the run was removed meanwhile, and replaced
            self._live, self._parent = {}, parent
        for child in self._journals():
            is_new = child.folder.name not in self._live
            if is_new and child.header.group is not None and child.sizes():
                self._live[child.folder.name] = self._make(child)
        return sum(delivery.send_values() for delivery in self._live.values())

    def send_files(self) -> int:
        """Upload some of their files, like :meth:`send_values`."""
        return sum(delivery.send_files() for delivery in list(self._live.values()))

    def all(self) -> Iterator[DeliveryT]:
        """Yield all deliveries, once the pipeline has ended, parents first.

        The parent of a child may be a run that an earlier delivery creates.
        """
        for child in self._journals():
            live = self._live.get(child.folder.name)
            if live is not None:
                live.queue.retry_set_aside(passing_only=True)
                yield live
            elif child.header.group is not None:  # none of its nodes has begun
                child.discard()
            else:
                yield self._make(child)

    def _journals(self) -> list[Journal]:
        return self._journal.children() if self._journal is not None else []
