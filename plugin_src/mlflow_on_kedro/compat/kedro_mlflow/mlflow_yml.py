"""kedro-mlflow's mlflow.yml, of any version since 0.1, as the content of this plugin's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from . import dotted_keys


class Change(NamedTuple):
    """What becomes of one key of kedro-mlflow.

    Attributes:
        old: The key with its section, such as ``server.mlflow_tracking_uri``.
        new: The key here; None: it is not needed.
        value: The value here; None: the default.
        note: What the user has to know or to do; None: nothing.
    """

    old: str
    new: str | None
    value: Any = None
    note: str | None = None


class Key(NamedTuple):
    """A row of the table: the name of a key here, and how its value is converted.

    Attributes:
        new: The key here; None: it is not needed.
        convert: A function from the value to the value here, and a note or None.
    """

    new: str | None
    convert: Callable[[Any], tuple[Any, str | None]] = lambda value: (value, None)


def _strategy(value: Any) -> tuple[Any, str | None]:
    return ("error" if value == "fail" else value), None


def _port(value: Any) -> tuple[Any, str | None]:
    if value is None or str(value).strip().isdecimal():
        return (None if value is None else int(value)), None
    return None, f"'ui.port' is no number ({value!r}), so `kedro mlflow ui` takes its default"


def _pass_context(value: Any) -> tuple[Any, str | None]:
    if not value:
        return None, None
    return None, (
        "'server.request_header_provider.pass_context': the class is made without Kedro's context. "
        "What it needs can be arguments, in 'init_kwargs'"
    )


def _variables(value: Any) -> tuple[Any, str | None]:
    if not value:
        return None, None
    names = ", ".join(map(str, value)) if isinstance(value, Mapping) else "these"
    return None, (
        f"'server.stores_environment_variables' is not read: set {names} in the environment, or in "
        "the entry of credentials.yml that 'credentials' names"
    )


_UNNEEDED = Key(None)
_HEADERS = "tracking.request_headers"

# https://kedro-mlflow.readthedocs.io/en/stable/source/02_getting_started/01_installation/
KEYS: Mapping[str, Key] = {
    "server.mlflow_tracking_uri": Key("tracking.uri"),
    "server.mlflow_registry_uri": Key("tracking.registry_uri"),
    "server.credentials": Key("tracking.credentials"),
    "server.request_header_provider.type": Key(f"{_HEADERS}.type"),
    "server.request_header_provider.pass_context": Key(None, _pass_context),
    "server.request_header_provider.init_kwargs": Key(_HEADERS),
    "tracking.disable_tracking.pipelines": Key("disabled_pipelines"),
    "tracking.disable_tracking.disable_autologging": _UNNEEDED,  # off, unless `autolog` is set
    "tracking.experiment.name": Key("experiment.name"),
    "tracking.experiment.create_experiment_kwargs.artifact_location": Key(
        "experiment.artifact_location"
    ),
    "tracking.experiment.create_experiment_kwargs.tags": Key("experiment.tags"),
    "tracking.experiment.restore_if_deleted": Key("experiment.restore_if_deleted"),
    "tracking.run.id": Key("run.id"),
    "tracking.run.name": Key("run.name"),
    # A run that is active already is used, as before. Runs of nodes may be nested in any case.
    "tracking.run.nested": _UNNEEDED,
    "tracking.params.dict_params.flatten": Key("params.flatten"),
    "tracking.params.dict_params.recursive": Key("params.recursive"),
    "tracking.params.dict_params.sep": Key("params.separator"),
    "tracking.params.long_params_strategy": Key("params.too_long", _strategy),
    # From 0.8 to 0.10.
    "server.stores_environment_variables": Key(None, _variables),
    # Before 0.8; keys that are not listed here had the names that they have in this plugin.
    "mlflow_tracking_uri": Key("tracking.uri"),
    "credentials": Key("tracking.credentials"),
    "disable_tracking.pipelines": Key("disabled_pipelines"),
    "experiment.create": _UNNEEDED,
    "hooks.flatten_dict_params": Key("params.flatten"),
    "hooks.recursive": Key("params.recursive"),
    "hooks.sep": Key("params.separator"),
    "hooks.node.flatten_dict_params": Key("params.flatten"),
    "hooks.node.recursive": Key("params.recursive"),
    "hooks.node.sep": Key("params.separator"),
    "hooks.node.long_parameters_strategy": Key("params.too_long", _strategy),
}

# Keys of both plugins, which meant something else in a file of kedro-mlflow.
_SHARED: Mapping[str, Key] = {"ui.port": Key("ui.port", _port)}
_SHARED_BEFORE_0_8: Mapping[str, Key] = {"run.nested": _UNNEEDED}

DEFAULTS: Mapping[str, Any] = {
    "params.flatten": False,
    "run.name": "{pipeline}",
    "catalog.auto": False,
}
"""What kedro-mlflow did where its file says nothing, and this plugin does otherwise."""

_SECTIONS = {old[:end] for old in KEYS for end, sign in enumerate(old) if sign == "."}
_SHARED_SECTIONS = frozenset({"tracking", "experiment"})
_OWN = frozenset(KEYS) | (_SECTIONS - _SHARED_SECTIONS)


@dataclass(frozen=True)
class Translation:
    """The content of an mlflow.yml of kedro-mlflow as this plugin reads it.

    Attributes:
        content: The content for this plugin; keys that neither plugin knows are still in it.
        changes: What has become of each key of kedro-mlflow; none for a file of this plugin's.
    """

    content: dict[str, Any]
    changes: list[Change] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What the user has to know or to do."""
        return [change.note for change in self.changes if change.note]


def is_old(content: Any) -> bool:
    """Whether the content of an mlflow.yml has keys of kedro-mlflow that this plugin has not.

    Example:
        >>> is_old({"server": {"mlflow_tracking_uri": "mlruns"}}), is_old({"ui": {"port": 5000}})
        (True, False)
    """
    return isinstance(content, Mapping) and any(dotted_keys.has_key(content, key) for key in _OWN)


def translated(
    content: Mapping[str, Any], is_later: Callable[[Change], bool] = lambda _: False
) -> Translation:
    """Translate the content of an mlflow.yml; what is this plugin's stays.

    Args:
        content: The content, of one file or of several.
        is_later: A function that says of a change whose key here is given, too, whether the old
            key is in the later file, which wins. Default: the key of this plugin wins.

    Example:
        >>> translated({"server": {"mlflow_tracking_uri": "http://host"}}).content["tracking"]
        {'uri': 'http://host'}
    """
    if not is_old(content):
        return Translation(dict(content))
    rest = dotted_keys.copy(content)
    found = [_taken(rest, key, row) for key, row in _rows(content).items()]
    changes = [change for change in found if change is not None]
    for section in sorted(_SECTIONS - _SHARED_SECTIONS, reverse=True):  # the inner ones first
        if dotted_keys.has_key(rest, section) and not dotted_keys.get(rest, section):
            dotted_keys.remove(rest, section)
    for change in changes:
        if change.new is not None and change.value is not None:
            given = dotted_keys.get(rest, change.new)
            if given is None or isinstance(given, dict) or is_later(change):
                dotted_keys.put(rest, change.new, change.value)
    _remove_arguments_of_no_class(content, rest)
    for key, value in DEFAULTS.items():
        if dotted_keys.get(rest, key) is None:
            dotted_keys.put(rest, key, value)
    return Translation(rest, changes)


def renamed(key: str, value: Any) -> dict[str, str | None]:
    """Return this plugin's names for a key of kedro-mlflow and for each key below it.

    Args:
        key: The key with its section, such as ``server.mlflow_tracking_uri``.
        value: Its value.

    Returns:
        Each key of kedro-mlflow with its name here, or None if this plugin does not need it. Empty
        for a key that is not kedro-mlflow's.

    Example:
        >>> renamed("server", {"mlflow_tracking_uri": "mlruns"})
        {'server.mlflow_tracking_uri': 'tracking.uri'}
    """
    if key in KEYS:
        return {key: KEYS[key].new}
    if key not in _SECTIONS:
        return {}
    found: dict[str, str | None] = {}
    for name, below in value.items() if isinstance(value, Mapping) else ():
        found.update(renamed(f"{key}.{name}", below) or {f"{key}.{name}": None})
    return found or {key: None}


def _rows(content: Mapping[str, Any]) -> dict[str, Key]:
    is_before_0_8 = any(
        dotted_keys.has_key(content, key)
        for key in ("mlflow_tracking_uri", "hooks", "experiment.create")
    )
    return {**KEYS, **_SHARED, **(_SHARED_BEFORE_0_8 if is_before_0_8 else {})}


def _taken(content: dict[str, Any], key: str, row: Key) -> Change | None:
    """Take a key out of the content, if it is there."""
    if not dotted_keys.has_key(content, key):
        return None
    value, note = row.convert(dotted_keys.get(content, key))
    dotted_keys.remove(content, key)
    return Change(key, row.new, value, note)


def _remove_arguments_of_no_class(before: Mapping[str, Any], content: dict[str, Any]) -> None:
    # `init_kwargs` without the class that they are for would be taken for headers.
    headers = dotted_keys.get(content, _HEADERS)
    if headers is not None and dotted_keys.get(before, _HEADERS) is None and "type" not in headers:
        dotted_keys.remove(content, _HEADERS)
