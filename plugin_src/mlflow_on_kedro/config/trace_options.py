"""The value of ``trace`` in mlflow.yml, checked without MLflow."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError

NODES, CALLS, ALL = "nodes", "calls", "all"
"""What a trace has below the pipeline's span: the nodes, also what they call, also what they load
and save."""


def detail_of(value: Any, where: str = "mlflow.yml") -> str:
    """Return how much of a run its trace has.

    Args:
        value: ``true``, ``false``, ``nodes``, ``calls`` or ``all``.
        where: The name of the file, for messages.

    Returns:
        :data:`NODES`, :data:`CALLS` or :data:`ALL`; "" for no trace.

    Raises:
        ConfigError: The value is none of these.

    Example:
        >>> detail_of(True), detail_of("calls"), detail_of(False)
        ('all', 'calls', '')
    """
    if value is True:
        return ALL
    if value is False or value is None:
        return ""
    if value in (NODES, CALLS, ALL):
        return str(value)
    raise ConfigError(f"{where}: 'trace' must be true, false, nodes, calls or all: {value!r}")


def has_calls(value: Any) -> bool:
    """Whether a trace has what nodes call, such as language models, below their spans."""
    return detail_of(value) in (CALLS, ALL)
