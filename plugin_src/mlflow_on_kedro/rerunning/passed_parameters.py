"""Which of a run's parameters a rerun must pass, so that its nodes get the same values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..utils.nested import merged
from .recorded_command import is_masked

_INTERPOLATION = "${"


@dataclass(frozen=True)
class PassedParameters:
    """What a rerun passes to ``kedro run``.

    Attributes:
        values: The parameters to pass: nested dicts.
        kept: Names of parameters whose present values are used, because those of the run are
            masked or cannot be passed.
    """

    values: dict[str, Any] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    def add_present_values(self, present: Mapping[str, Any]) -> None:
        """Pass the present values of the parameters that are masked in MLflow.

        Args:
            present: All parameters that the project has now, with its secrets: nested dicts.

        Example:
            >>> passed = PassedParameters({}, ["api.token"])
            >>> passed.add_present_values({"api": {"token": "abc", "retries": 3}})
            >>> passed.values
            {'api': {'token': 'abc'}}
        """
        for name in self.kept:
            found = _only(present, name)
            if found is not None:
                self.values.update(merged(self.values, found))


def to_pass(
    recorded: Mapping[str, Any], present: Mapping[str, Any], given: Mapping[str, Any]
) -> PassedParameters:
    """Find the parameters to pass.

    Args:
        recorded: All parameters of the run: nested dicts.
        present: All parameters that the project has now.
        given: Those of the run's own command, which are passed in any case: they may also be read
            by the catalog, as ``${runtime_params:...}``.

    Example:
        >>> to_pass({"depth": 3, "token": "***"}, {"depth": 2, "token": "abc"}, {})
        PassedParameters(values={'depth': 3}, kept=['token'])
    """
    kept: list[str] = []
    changed = _changed(recorded, present, kept)
    return PassedParameters(merged(given, changed), kept)


def _changed(
    recorded: Mapping[str, Any], present: Mapping[str, Any], kept: list[str], above: str = ""
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in recorded.items():
        now = present.get(key)
        if isinstance(value, Mapping) and value:
            below = now if isinstance(now, Mapping) else {}
            if inner := _changed(value, below, kept, f"{above}{key}."):
                found[key] = inner
        elif is_masked(value) or _has_interpolation(value):
            kept.append(f"{above}{key}")
        elif key not in present or not _is_same(value, now):
            found[key] = value
    return found


def _only(content: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return nested dicts with the value of one name alone; None: there is none."""
    for key, value in content.items():
        if key == name:
            return {key: value}
        if name.startswith(f"{key}.") and isinstance(value, Mapping):
            inner = _only(value, name[len(key) + 1 :])
            if inner is not None:
                return {key: inner}
    return None


def _is_same(a: Any, b: Any) -> bool:
    # 1, 1.0 and True are equal, but a node may do different things with them.
    return type(a) is type(b) and bool(a == b) and list(_types(a)) == list(_types(b))


def _types(value: Any) -> Iterator[type]:
    for item in value if isinstance(value, list) else ():
        yield type(item)
        yield from _types(item)


def _has_interpolation(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_interpolation, value))
    return isinstance(value, str) and _INTERPOLATION in value  # Kedro would resolve it again
