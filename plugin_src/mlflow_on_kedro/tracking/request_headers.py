"""HTTP headers that go with each request to an MLflow server (``tracking.request_headers``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..config.header_checks import KEY, TYPE
from ..errors import ConfigError
from ..mlflow_internals import providers
from ..utils import import_watch


def use(headers: Mapping[str, Any]) -> None:
    """Send these headers, instead of earlier ones, with this process's requests to MLflow.

    Args:
        headers: Headers that :func:`mlflow_on_kedro.config.header_checks.check` allows.

    Raises:
        ConfigError: ``type`` names no class that gives headers.
    """
    _Headers.provide, _Headers.given = _provider_of(headers), dict(headers)
    if not headers:
        return
    if import_watch.is_imported():
        _register()
    else:
        import_watch.when_imported(_register)


def in_use() -> Mapping[str, Any]:
    """Return the headers in use, to pass them to another process."""
    return _Headers.given


def _provider_of(headers: Mapping[str, Any]) -> Callable[[], dict[str, str]]:
    if TYPE in headers:
        return _provided_by(dict(headers))
    fixed = {str(name): str(value) for name, value in headers.items() if value is not None}
    return lambda: fixed


def _provided_by(arguments: dict[str, Any]) -> Callable[[], dict[str, str]]:
    from kedro.utils import load_obj

    path = arguments.pop(TYPE)
    try:
        provider = load_obj(path)(**arguments)
        provide: Callable[[], dict[str, str]] = provider.request_headers
        applies: Callable[[], bool] = provider.in_context
    except Exception as error:
        raise ConfigError(
            f"`tracking.{KEY}.{TYPE}` in mlflow.yml is {path!r}, which gives no headers: it must "
            "be a class with `in_context()` and `request_headers()`, as MLflow's "
            f"RequestHeaderProvider. ({type(error).__name__})"
        ) from None
    return lambda: dict(provide()) if applies() else {}


class _Headers:
    """Gives MLflow the headers; the latest session of a process decides which."""

    provide: Callable[[], dict[str, str]] = staticmethod(dict)
    given: Mapping[str, Any] = {}

    def in_context(self) -> bool:
        """Whether to add headers; MLflow calls this."""
        return True

    def request_headers(self) -> dict[str, str]:
        """Return the headers; MLflow calls this."""
        return type(self).provide()


def _register() -> None:
    providers.add_request_header_provider(_Headers)
