"""The scorers of an evaluation: from their names in a catalog to MLflow's objects."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from mlflow.genai.scorers import Scorer

_EXAMPLE = (
    "`scorers: [Correctness, {Guidelines: {guidelines: The answer is polite.}}, "
    "my_project.scorers.is_short]`"
)
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class ScorerSpec:
    """A scorer as a catalog names it.

    Attributes:
        name: A scorer of ``mlflow.genai.scorers``, or the import path of a function, a class or a
            scorer.
        arguments: The arguments of the class or function that makes the scorer.
        model: The model of scorers that call one, and whose arguments name none; "" for MLflow's
            default.
    """

    name: str
    arguments: Mapping[str, Any] | None = None
    model: str = ""

    def make(self) -> Scorer:
        """Make the scorer.

        Raises:
            DatasetError: There is no such scorer, or it does not take these arguments.
        """
        from mlflow.genai.scorers import Scorer, scorer

        found = _builtin(self.name) if "." not in self.name else _imported(self.name)
        if isinstance(found, Scorer) and self.arguments is None:
            return self._checked(found)
        if not callable(found) or isinstance(found, Scorer):
            raise DatasetError(f"`scorers`: {self.name!r} is no scorer, but {found!r:.80}.")
        if inspect.isclass(found) or self.arguments is not None:
            made = self._call(found)
            if not isinstance(made, Scorer):
                raise DatasetError(
                    f"`scorers`: {self.name!r} made a {type(made).__name__}, which is no scorer "
                    "of MLflow. A function of your own that scores rows takes no arguments here."
                )
            return made
        try:
            made = scorer(found)
        except Exception as error:  # it may be anything that can be called
            raise DatasetError(f"`scorers`: {self.name!r} is no scorer: {error}") from None
        return self._checked(made)

    def _checked(self, made: Scorer) -> Scorer:
        """Refuse a function that needs what no scorer is given: it would fail on each row."""
        from mlflow.genai.scorers import Scorer

        if type(made).run is not Scorer.run:
            return made
        given = [name for name in inspect.signature(Scorer.run).parameters if name != "self"]
        for parameter in inspect.signature(made.__call__).parameters.values():
            is_needed = parameter.default is parameter.empty
            if is_needed and parameter.kind not in _ANY and parameter.name not in given:
                raise DatasetError(
                    f"`scorers`: {self.name!r} has the parameter '{parameter.name}', for which "
                    f"MLflow has no value.{did_you_mean(parameter.name, given)} It has: "
                    f"{', '.join(given)}."
                )
        return made

    def _call(self, maker: Any) -> Any:
        arguments = dict(self.arguments or {})
        if self.model and "model" in _takes(maker):
            arguments.setdefault("model", self.model)
        try:
            return maker(**arguments)
        except Exception as error:  # of a user's own class
            raise DatasetError(
                f"`scorers`: {self.name!r} cannot be made with these arguments: {error}"
            ) from None


def specs_of(given: Any, model: str | None) -> list[ScorerSpec]:
    """Read the scorers of a catalog entry.

    Args:
        given: A list of names, and of dicts with a name and the arguments.
        model: The judge of scorers that name none themselves.

    Raises:
        DatasetError: It is no such list.

    Example:
        >>> specs_of(["Safety", {"Guidelines": {"guidelines": "Be brief."}}], None)[1].name
        'Guidelines'
    """
    items = [given] if isinstance(given, str | Mapping) else given
    if not isinstance(items, Sequence) or not items:
        raise DatasetError(f"`scorers` is a list of scorers, such as {_EXAMPLE}.")
    return [_spec_of(item, model or "") for item in items]


def _spec_of(item: Any, model: str) -> ScorerSpec:
    if isinstance(item, str) and item:
        return ScorerSpec(item, model=model)
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, arguments),) = item.items()
        if isinstance(name, str) and (arguments is None or isinstance(arguments, Mapping)):
            return ScorerSpec(name, dict(arguments or {}), model)
    raise DatasetError(
        f"`scorers`: {item!r} is neither a name nor a name with arguments. Write {_EXAMPLE}."
    )


def make_all(specs: Sequence[ScorerSpec]) -> list[Scorer]:
    """Make all scorers.

    Raises:
        DatasetError: One cannot be made, or two have the same name.
    """
    made = [spec.make() for spec in specs]
    names: set[str] = set()
    for each in made:
        if each.name in names:
            raise DatasetError(
                f"`scorers`: two are named '{each.name}', and MLflow would keep the results of one "
                "only. Give one of them a `name`: "
                "`Guidelines: {name: polite, guidelines: The answer is polite.}`."
            )
        names.add(each.name)
    return made


def _builtin(name: str) -> Any:
    from mlflow.genai import scorers

    if name in scorers.__all__ and inspect.isclass(found := getattr(scorers, name, None)):
        return found
    known = [each for each in scorers.__all__ if _is_scorer(getattr(scorers, each, None))]
    raise DatasetError(
        f"`scorers`: the installed MLflow has no scorer {name!r}.{did_you_mean(name, known)} It "
        f"has: {', '.join(known)}. Name one of your own by its import path, such as "
        "`my_project.scorers.is_short`."
    )


def _is_scorer(found: Any) -> bool:
    from mlflow.genai.scorers import Scorer

    return inspect.isclass(found) and issubclass(found, Scorer) and found is not Scorer


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # a module of the user's may raise anything
        raise DatasetError(
            f"`scorers`: {path!r} cannot be imported: {type(error).__name__}: {error}"
        ) from None


def _takes(maker: Any) -> Any:
    # The classes of MLflow are Pydantic models, some of which hide their fields from a signature.
    return getattr(maker, "model_fields", None) or inspect.signature(maker).parameters
