"""A graph such as large projects have: namespaces, dataset factories and transcoding."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .projects import NODES_BEGIN

AREAS = 20
LAYERS = 10
_RAW, _REPORTS, _OF = 100, 105, 780
"""Of so many nodes, how many read a raw dataset, and how many save a second one."""
_OTHER_FACTORIES = 9

_MODULE = """
def step(number, *_):
    begin = time.time()
    note(begin)
    return tuple(VALUE for _ in GRAPH[number]["outputs"])

VALUE = bytes(100)
GRAPH = {graph}

def create_pipeline(**_):
    return pipeline([
        node(update_wrapper(partial(step, number), step), **words)
        for number, words in enumerate(GRAPH)
    ])
"""


@dataclass(frozen=True)
class Graph:
    """A pipeline of nodes in twenty namespaces, with 780 nodes of 985 datasets.

    Of four datasets one is transcoded (saved in one form and loaded in another), two are in the
    catalog by one of its 41 factories, and one is not.

    Attributes:
        nodes: How many nodes.
    """

    nodes: int = _OF

    @cached_property
    def _graph(self) -> list[dict[str, Any]]:
        return [
            {
                "inputs": [*self._loaded(number), *self._raw(number)],
                "outputs": [_saved(number), *_report(number)],
                "name": f"node_{number}",
                "namespace": _area(number),
            }
            for number in range(self.nodes)
        ]

    def _loaded(self, number: int) -> list[str]:
        """What earlier nodes of the same namespace have saved."""
        earlier = [number - AREAS, number - 3 * AREAS]
        return [_saved(one).replace("@spark", "@pandas") for one in earlier if one >= 0]

    def _raw(self, number: int) -> list[str]:
        if _is_one_of(_RAW, number):
            return [f"{_area(number)}.raw_{number}", "params:rate"]
        return []

    def module(self, imports: str) -> str:
        """The module with the nodes."""
        return NODES_BEGIN.format(imports=imports) + _MODULE.format(graph=repr(self._graph))

    def parameters(self) -> dict[str, Any]:
        """The content of parameters.yml."""
        return {"rate": 0.1}

    def catalog(self, variant: str) -> dict[str, Any]:  # noqa: ARG002 - the same for all
        """The content of catalog.yml: factories alone."""
        names = [f"layer{n}_{{name}}" for n in range(LAYERS)]
        names += [f"old{n}_{{name}}" for n in range(_OTHER_FACTORIES)]
        patterns = {name: name for name in (*names, "raw_{name}", "report_{name}")}
        for name in names[:LAYERS]:
            patterns |= {f"{name}@{form}": name for form in ("pandas", "spark")}
        return {
            f"{{area}}.{pattern}": {
                "type": "pickle.PickleDataset",
                "filepath": f"data/{{area}}/{file}.pkl",
            }
            for pattern, file in patterns.items()
        }

    def files(self) -> dict[str, bytes]:
        """The raw datasets."""
        names = [name for node in self._graph for name in node["inputs"] if ".raw_" in name]
        return {f"data/{name.replace('.', '/')}.pkl": pickle.dumps(bytes(100)) for name in names}


def _area(number: int) -> str:
    return f"area{number % AREAS}"


def _saved(number: int) -> str:
    place = number // AREAS
    kind = place % 4
    name = f"layer{place % LAYERS}_{number}" if kind < 3 else f"kept_{number}"
    return f"{_area(number)}.{name}{'@spark' * (kind == 0)}"


def _report(number: int) -> list[str]:
    return [f"{_area(number)}.report_{number}"] if _is_one_of(_REPORTS, number) else []


def _is_one_of(count: int, number: int) -> bool:
    """Whether a node is one of so many, evenly spread over all of them."""
    return number * count // _OF != (number + 1) * count // _OF
