"""How a model is registered: its name, an alias, and when it replaces another version."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kedro.io import DatasetError

from ..utils.suggestions import nearest

# As in `mlflow.utils.validation`; MLflow gives `v1` and `latest` a meaning of their own.
_ALIAS = re.compile(r"[\w\-]+")
_RESERVED_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[/:]")
_PROMOTE_KEYS = ("alias", "metric", "greater_is_better")


@dataclass(frozen=True)
class Promotion:
    """The rule that an alias moves to a new version only if a metric is better.

    Attributes:
        alias: The alias.
        metric: The metric that is compared between the runs of both versions.
        greater_is_better: False for an error or a loss.
    """

    alias: str
    metric: str
    greater_is_better: bool = True

    def is_better(self, new: float, held: float) -> bool:
        """Compare the metric of a new version with that of the version that has the alias.

        Example:
            >>> Promotion("champion", "loss", greater_is_better=False).is_better(0.1, 0.2)
            True
        """
        if math.isnan(new) or math.isnan(held):
            return math.isnan(held) and not math.isnan(new)
        return new > held if self.greater_is_better else new < held


@dataclass(frozen=True)
class Registration:
    """A version in the model registry, created once the run has succeeded.

    Attributes:
        name: The registered model.
        alias: An alias that the version always gets.
        promote: An alias that the version gets if it is better.
        tags: The version's tags.
    """

    name: str
    alias: str | None = None
    promote: Promotion | None = None
    tags: Mapping[str, str] | None = None

    @classmethod
    def from_arguments(
        cls,
        name: str | None,
        alias: str | None,
        promote: Mapping[str, Any] | None,
        tags: Mapping[str, Any] | None,
    ) -> Registration | None:
        """Check a dataset's arguments, or an entry of ``pipeline_models``.

        Returns:
            The registration; None if the model is not to be registered.

        Raises:
            DatasetError: MLflow does not allow a name, or a key is unknown or missing.
        """
        if name is None:
            given = {"alias": alias, "promote": promote}
            for key, value in given.items():
                if value is not None:
                    raise DatasetError(
                        f"`{key}` needs a registered model: give `registered_model_name`."
                    )
            return None
        if not isinstance(name, str) or not name.strip() or _NOT_IN_NAMES.search(name):
            raise DatasetError(
                f"`registered_model_name`: {name!r} must be a name without '/' and ':'."
            )
        if alias is not None:
            _check_alias("alias", alias)
        versions_tags = {key: str(value) for key, value in (tags or {}).items()}
        return cls(name, alias, _promotion(promote), versions_tags)

    def to_text(self) -> str:
        """Return it as JSON, for a tag of the logged model."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Registration:
        """Read the result of :meth:`to_text`.

        Raises:
            ValueError: The text is something else.
        """
        try:
            content = json.loads(text)
            promote = content.pop("promote", None)
            return cls(promote=Promotion(**promote) if promote else None, **content)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a registration: {error}") from None


def _promotion(given: Mapping[str, Any] | None) -> Promotion | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise DatasetError(
            f"`promote` must be a mapping such as {{alias: champion, metric: f1}}: {given!r}"
        )
    for key in given:
        if key not in _PROMOTE_KEYS:
            raise DatasetError(
                f"`promote`: unknown key '{key}'. Did you mean "
                f"'{nearest(str(key), _PROMOTE_KEYS)}'? Valid here: {', '.join(_PROMOTE_KEYS)}."
            )
    for key in ("alias", "metric"):
        if not isinstance(given.get(key), str) or not given[key]:
            raise DatasetError(
                f"`promote` needs '{key}', as in {{alias: champion, metric: f1}}: {dict(given)!r}"
            )
    greater = given.get("greater_is_better", True)
    if not isinstance(greater, bool):
        raise DatasetError(f"`promote`: 'greater_is_better' must be true or false: {greater!r}")
    _check_alias("promote", given["alias"])
    return Promotion(given["alias"], given["metric"], greater)


def _check_alias(key: str, alias: str) -> None:
    if (
        not isinstance(alias, str)
        or not _ALIAS.fullmatch(alias)
        or _RESERVED_ALIAS.fullmatch(alias)
    ):
        raise DatasetError(
            f"`{key}`: MLflow allows no alias {alias!r}: give a name of letters, digits, '_' and "
            "'-', other than latest and v1, v2, …"
        )
