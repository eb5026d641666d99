"""B4: nodes that each save a large artifact, over a line of 100 MB/s."""

from __future__ import annotations

from .bench import Bench
from .measure import Check, Outcome, alternate
from .projects import IMPORT, OURS, PLAIN, Shape

NAME = "B4"
TITLE = "Large artifacts: 20 nodes of 0.2 s, each one of 20 MB, server at 100 MB/s"
BANDWIDTH = 100e6
_UPLOAD = """
import os, sys, time
from mlflow import MlflowClient
uri, folder, count = sys.argv[1:]
client = MlflowClient(uri)
# The default experiment was made elsewhere, and keeps its artifacts there.
run = client.create_run(client.create_experiment(str(time.time()))).info.run_id
names = []
for number in range(int(count)):
    name = os.path.join(folder, f"upload{number}.bin")
    with open(name, "wb") as file:
        file.write(os.urandom(20_000_000))
    names.append(name)
begin = time.perf_counter()
for name in names:
    client.log_artifact(run, name)
print(time.perf_counter() - begin)
for name in names:
    os.remove(name)
"""


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    samples = outcome.samples
    shape = Shape(
        nodes=bench.choose(20, 6), metrics=0, artifacts=1, artifact_bytes=20_000_000, seconds=0.2
    )
    with bench.server(bandwidth=BANDWIDTH) as proxy:
        made = {
            **bench.projects(shape, PLAIN, IMPORT),
            **bench.projects(shape, OURS, uri=proxy.uri),
        }
        uploads = []
        for _ in range(bench.choose(3, 1)):
            alternate(samples, {variant: project.run for variant, project in made.items()}, 1)
            bench.python(_UPLOAD, proxy.uri, bench.folder, str(shape.nodes))
            uploads.append(float((bench.folder / "python.log").read_text().split()[-1]))
    upload = sorted(uploads)[len(uploads) // 2]
    start_up = samples.wall(IMPORT) - samples.loop(IMPORT)
    larger = max(samples.loop(PLAIN), upload)
    measured = samples.wall(OURS) - start_up
    outcome.checks.append(
        Check("wall but for start-up, of the larger of compute and upload", measured / larger, 1.1)
    )
    compute = samples.loop(PLAIN)
    outcome.notes += [
        f"compute {compute:.1f} s, upload alone {upload:.1f} s, tracked {measured:.1f} s",
        f"nodes take {samples.loop(OURS) / samples.loop(PLAIN):.2f} times as long as untracked",
    ]
    return outcome
