"""The choice of what delivers a run while its pipeline runs: a thread, a process or nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..config.header_checks import TYPE
from ..config.sections import Config, Tracking
from ..delivery import backlog, early_start
from ..delivery.connection import Connection
from ..delivery.journal_delivery import deliver_resumed
from ..delivery.run_delivery import RunDelivery
from ..delivery.sender import Sender
from ..delivery.sender_process import SenderProcess, is_faster
from ..delivery.sender_thread import SenderThread
from ..errors import ConfigError
from ..journal.folder import Journal
from ..journal.records import Header, Opened
from ..tracking import request_headers, store, uris
from ..tracking.access import is_offline
from .run_request import RunRequest

BACKGROUND_SECONDS = 300.0
"""How long a process delivers the rest of a run whose end does not wait for it."""


def delivery_seconds(tracking: Tracking) -> float:
    """Return how long delivery may take, where the end of a run waits for it or not."""
    return tracking.wait_at_end or BACKGROUND_SECONDS


def new_sender(
    request: RunRequest,
    header: Header,
    uri: str,
    journal: Journal | None,
    on_opened: Callable[[Opened], None],
) -> Sender | None:
    """Make what delivers a run; it does nothing before it is started.

    Args:
        request: What the run is to be.
        header: The header of its journal.
        uri: The tracking URI with its credentials.
        journal: The journal; None: the disk is full or read-only.
        on_opened: Called when MLflow has the run, in any thread.

    Returns:
        The sender; None if tracking is offline.
    """
    if request.is_offline:
        early_start.stop()
        return None
    tracking = request.config.tracking
    raising = tracking.on_failure == "raise"

    def new_thread(*, tried: bool = False) -> SenderThread:
        delivery = RunDelivery(
            header,
            Connection(uri),
            request.root,
            journal,
            raising=raising,
            tried=tried,
            before_open=deliver_resumed,
            on_opened=on_opened,
        )
        return SenderThread(
            delivery,
            timeout=tracking.timeout,
            kept_in=str(journal.folder) if journal else None,
            raising=raising,
            backlog=backlog.deliver_backlog(request.root, uri, skip=header.journal),
        )

    headers = dict(request_headers.in_use())
    if journal is None or not _is_process(tracking, uri, headers):
        early_start.stop()
        return new_thread()
    order = {
        "uri": uri,
        "root": str(request.root),
        "timeout": tracking.timeout,
        "limit": delivery_seconds(tracking),
        "background": not tracking.wait_at_end,
        "raising": raising,
        "headers": headers,
    }
    return SenderProcess(journal, order, functools.partial(new_thread, tried=True), on_opened)


def prepare(config: Config, root: Path) -> None:
    """Start the process that delivers before the run is known, or stop it if there will be none.

    Args:
        config: The whole configuration.
        root: The project's root.
    """
    tracking = config.tracking
    try:
        is_wanted = config.enabled and not is_offline(tracking)
        uri = uris.resolve_uri(tracking.uri, root)
    except ConfigError:  # which is raised when the run begins
        return
    if is_wanted and _is_process(tracking, uri, tracking.request_headers):
        early_start.start()
    else:
        early_start.stop()


def _is_process(tracking: Tracking, uri: str, headers: Mapping[str, Any]) -> bool:
    """Return whether a process of its own delivers."""
    # A class of the user's that gives headers may depend on what is in this process.
    if not store.is_for_all_processes(uri) or TYPE in headers:
        return False
    return tracking.delivery == "process" or (tracking.delivery == "auto" and is_faster())
