"""Features that a server lacks: it is older than this client, or implements a part of MLflow only.

There is no list of versions, because Azure ML, Databricks and gateways each implement other parts.
The plugin learns from a server's answer what it lacks, and from then on does without it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from enum import Enum

from ..utils.secrets import mask_urls, without_credentials
from .failures import Kind, kind_of, reason

logger = logging.getLogger(__name__)


class Feature(Enum):
    """A part of MLflow's API that some servers lack; the value names it in messages."""

    LOGGED_MODELS = "logged models (MLflow 3)"
    MODEL_OUTPUTS = "runs' links to their logged models (MLflow 3)"
    INPUTS = "datasets that a run has used (MLflow 2.4)"
    ALIASES = "aliases in its model registry (MLflow 2.3)"
    TRACES = "traces (MLflow 2.14)"
    PROMPTS = "prompts in its registry (MLflow 2.21)"
    SEARCH = "search for runs"


_lacking: set[tuple[str, Feature]] = set()
_lock = threading.Lock()


def has(uri: str, feature: Feature) -> bool:
    """Whether a server may have a feature: False once this process has found that it lacks it.

    Args:
        uri: The tracking URI, or that of the model registry.
        feature: The feature.
    """
    return (without_credentials(uri), feature) not in _lacking


def lacks(
    uri: str, feature: Feature, error: BaseException, instead: str, confirm: Callable[[], object]
) -> bool:
    """Whether a call has failed because the server does not have the feature.

    The answer is remembered, with one warning for each server and feature.

    Args:
        uri: The tracking URI, or that of the model registry.
        feature: The feature that the call needs.
        error: The exception of the call.
        instead: What the plugin does instead, for the warning.
        confirm: Another call, which every server can answer. A proxy whose server is unreachable
            may answer "not found" to everything, which shows nothing.

    Example:
        >>> lacks("http://host", Feature.TRACES, TimeoutError(), "they are left out", print)
        False
    """
    if kind_of(error) is not Kind.MISSING:
        return False
    place = (without_credentials(uri), feature)
    if place not in _lacking:
        try:
            confirm()
        except Exception:  # the caller handles the error of the first call
            return False
    with _lock:
        is_new = place not in _lacking
        _lacking.add(place)
    if is_new:
        logger.warning(
            "MLflow at %s has no %s, so %s. (%s)",
            mask_urls(uri),
            feature.value,
            instead,
            reason(error),
        )
    return True


@contextlib.contextmanager
def pass_over_lack(
    uri: str, feature: Feature, instead: str, confirm: Callable[[], object]
) -> Iterator[None]:
    """Leave out what the server does not have; other failures are raised.

    Args:
        uri: The tracking URI, or that of the model registry.
        feature: The feature that the calls in the block need.
        instead: What the plugin does instead, for the warning.
        confirm: See :func:`lacks`.
    """
    try:
        yield
    except Exception as error:
        if not lacks(uri, feature, error, instead, confirm):
            raise


def forget() -> None:
    """Forget what servers lack: one may have been replaced by a newer one."""
    with _lock:
        _lacking.clear()
