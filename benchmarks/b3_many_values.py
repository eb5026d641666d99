"""B3: 200 nodes, each one parameter and two metrics, to SQLite and to a server 50 ms away."""

from __future__ import annotations

from dataclasses import replace

from .bench import Bench
from .measure import Check, Outcome, alternate
from .projects import IMPORT, KEDRO_MLFLOW, OURS, PIPELINEX, PLAIN, Shape

NAME = "B3"
TITLE = "Many small values: 200 nodes, each one param and two metrics"
DELAY_SECONDS = 0.05


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    _measure(bench, outcome, "SQLite", None)
    with bench.server(delay=DELAY_SECONDS) as proxy:
        _measure(bench, outcome, "server", proxy.uri)
    return outcome


def _measure(bench: Bench, outcome: Outcome, place: str, uri: str | None) -> None:
    shape = Shape(nodes=bench.choose(200, 20), params=1, metrics=2)
    untracked = bench.projects(shape, PLAIN, IMPORT)
    tracked = bench.projects(shape, OURS, uri=uri)
    calls = {
        _named(variant, place): project.run for variant, project in {**untracked, **tracked}.items()
    }
    samples = outcome.samples
    alternate(samples, calls, bench.choose(5, 1))
    # Over HTTP each node takes them half a second: fewer nodes and one round will do.
    rivals = (KEDRO_MLFLOW,) if uri else (KEDRO_MLFLOW, PIPELINEX)
    fewer = replace(shape, nodes=bench.choose(50, 20))
    peers = bench.projects(fewer, *rivals, uri=uri)
    peer_calls = {_named(variant, place): project.run for variant, project in peers.items()}
    alternate(samples, peer_calls, 1)

    plain, importing, ours = (_named(variant, place) for variant in (PLAIN, IMPORT, OURS))

    def a_node(variant: str) -> float:
        nodes = shape.nodes if variant == ours else fewer.nodes
        return 1000 * (samples.loop(variant) / nodes - samples.loop(plain) / shape.nodes)

    constant = samples.wall(importing) - samples.wall(plain) + 0.5
    allowed = 1.05 * samples.wall(plain) + constant
    outcome.checks += [
        Check(f"{place}: added wall a node, on the pipeline's thread", a_node(ours), 1.0, "ms"),
        Check(f"{place}: wall of the whole run", samples.wall(ours), allowed, "s"),
    ]
    for rival in peers:
        ratio = a_node(_named(rival, place)) / max(a_node(ours), 0.01)
        what = f"{place}: added wall a node, times less than {rival}"
        outcome.checks.append(Check(what, ratio, 10.0, at_least=True))


def _named(variant: str, place: str) -> str:
    return f"{place}, {variant}"
