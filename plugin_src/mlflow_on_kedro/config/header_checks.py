"""Checks of ``tracking.request_headers``: the names and values that HTTP allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

KEY = "request_headers"
TYPE = "type"
_NAME = re.compile(r"[\w!#$%&'*+.^`|~\-]+", re.ASCII)
# What HTTP allows in a value: no control characters, no line ends.
_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")


def check(headers: Any, where: str) -> None:
    """Check headers; no message shows their values.

    Args:
        headers: ``name: value`` for each header; or ``type``, the path of a class as MLflow's
            ``RequestHeaderProvider``, and arguments for it.
        where: The name to use in messages.

    Raises:
        ConfigError: HTTP does not allow a name or value.

    Example:
        >>> check({"X-Team": "wine"}, "mlflow.yml")
    """
    if not isinstance(headers, Mapping):
        raise ConfigError(f"{where}: '{KEY}' must be a mapping of header names to values.")
    if TYPE in headers:
        if not isinstance(headers[TYPE], str) or "." not in headers[TYPE]:
            raise ConfigError(f"{where}: '{KEY}.{TYPE}' must be the path of a class: pkg.mod.Class")
        return
    for name, value in headers.items():
        if not _NAME.fullmatch(str(name)):
            raise ConfigError(
                f"{where}: '{KEY}': {str(name)!r} is not allowed as the name of an HTTP header."
            )
        is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        if value is not None and not (is_plain and _VALUE.fullmatch(str(value))):
            raise ConfigError(
                f"{where}: the value of '{KEY}.{name}' (not shown) is not allowed in an HTTP "
                "header: it must be a text without line ends, or a number."
            )
