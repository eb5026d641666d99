"""``kedro/parameters.yml`` and ``kedro/catalog.yml``: the configuration as the run has it.

That is after all environments, globals, resolvers and parameters from the command line. Both are
YAML, in the order of the project's files. Secrets are ``***``.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import Path
from typing import Any

from ..utils.secrets import MASK, is_secret, looks_secret, mask_secrets

MOST_VALUES = 10_000
"""More values than this are not written: it would take longer than a tenth of a second."""
_MOST_CHARACTERS = 1_000
_NO_LIMIT = 2**31 - 1  # of C's integers
_CREDENTIALS = "credentials"


def parameters_text(parameters: Mapping[str, Any], hidden: Collection[str] = ()) -> str:
    """Write ``kedro/parameters.yml``.

    A value that YAML has no word for, such as an object that a resolver has made, is written as its
    ``repr``, and the first lines name it.

    Args:
        parameters: The project's parameters.
        hidden: The names of further values to mask, joined by ``.``.

    Example:
        >>> print(parameters_text({"model": {"depth": 3, "api_key": "abc"}}), end="")
        model:
          depth: 3
          api_key: '***'
    """
    # As for MLflow's parameters, numbers are no secrets.
    return _text(parameters, lambda name, item: name in hidden or is_secret(name, item))


def catalog_text(catalog: Mapping[str, Any], root: Path, credentials: Collection[str]) -> str:
    """Write ``kedro/catalog.yml``; paths below the project's root are relative to it.

    Args:
        catalog: The content of catalog.yml as Kedro gives it to hooks.
        root: The project's root.
        credentials: The names of the entries of credentials.yml. Credentials that stand in the
            catalog itself are masked.

    Example:
        >>> entry = {"type": "pandas.CSVDataset", "credentials": "s3", "filepath": "/p/data/a.csv"}
        >>> print(catalog_text({"wines": entry}, Path("/p"), ["s3"]), end="")
        wines:
          type: pandas.CSVDataset
          credentials: s3
          filepath: data/a.csv
    """

    def is_hidden(name: str, item: Any) -> bool:
        key = name.rpartition(".")[2]
        if key == _CREDENTIALS:
            return item not in credentials if isinstance(item, str) else item is not None
        return looks_secret(key) and not isinstance(item, Mapping | bool | None)

    prefix = f"{root.as_posix().rstrip('/')}/"
    return _text(catalog, is_hidden, lambda text: text.removeprefix(prefix))


class _TooManyValuesError(Exception):
    """There are more values than are written."""


class _Plain:
    """Makes plain dicts, lists and scalars of any values, and masks secrets among them."""

    def __init__(self, is_hidden: Any, shorten: Any) -> None:
        self._is_hidden, self._shorten = is_hidden, shorten
        self.objects: list[str] = []
        """The names of values that are written as their ``repr``."""
        self._left = MOST_VALUES

    def mapping(self, name: str, value: Mapping[Any, Any]) -> dict[Any, Any]:
        made = {}
        for key, item in value.items():
            inner = f"{name}.{key}" if name else str(key)
            plain_key = key if isinstance(key, int | float) else str(key)
            made[plain_key] = MASK if self._is_hidden(inner, item) else self.value(inner, item)
        return made

    def value(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.mapping(name, value)
        if isinstance(value, AbstractSet):
            value = sorted(value, key=str)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [self.value(f"{name}.{place}", item) for place, item in enumerate(value)]
        self._left -= 1
        if self._left < 0:
            raise _TooManyValuesError
        if isinstance(value, str):
            return mask_secrets(self._shorten(str(value)))
        for kind in (int, float):  # of NumPy's own kinds, too
            if isinstance(value, kind) and not isinstance(value, bool):
                return kind(value)
        if value is None or isinstance(value, bool | date):
            return value
        self.objects.append(name)
        return mask_secrets(repr(value)[:_MOST_CHARACTERS])


def _text(
    content: Mapping[str, Any],
    is_hidden: Any,
    shorten: Any = lambda text: text,
) -> str:
    plain = _Plain(is_hidden, shorten)
    try:
        made = plain.mapping("", content)
    except _TooManyValuesError:
        return f"# Left out: there are more than {MOST_VALUES:,} values.\n"
    objects = "".join(
        f"# {name}: no YAML, so it is written as its repr.\n" for name in plain.objects
    )
    return objects + _dump(made)


def _dump(content: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.dump(
        content,
        None,
        _dumper(),
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=_NO_LIMIT,
    )
    return text


@functools.cache
def _dumper() -> Any:
    import yaml

    # That in C takes a tenth of the time; not all builds of PyYAML have it.
    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return type("NoAliasDumper", (base,), {"ignore_aliases": lambda *_: True})
