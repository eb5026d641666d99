"""B11: what looks for secrets, in texts that are made to hold it up."""

from __future__ import annotations

from .bench import Bench
from .measure import Check, Outcome

NAME = "B11"
TITLE = "Secrets looked for in 1 MB of text"
LIMIT = 0.1

# What a text is made of, again and again; patterns without bounds take the square of its length.
PARTS = {
    "letters": "ACGT",
    "joined letters": "a-",
    "assignments": "a=",
    "words": "the key of an account is no token and no password ",
    "names of secrets": "password",
    "secrets": "token=a ",
    "secrets without an end": "password=",
    "spaced secrets": "token = a ",
    "open quotes": "token='token=\"",
    "open braces": "token={",
    "connection strings": "User=me;Password=a b;",
    "JSON": '{"api_key": "x"}, ',
    "schemes": "://",
    "URLs": "https://me:pw@h ",
    "queries": "?a=1&key=2",
    "names in queries": "&aaaaaaaa",
    "not ASCII": "é=ü;",
}
# The least of three: the machine may do something else meanwhile, and the text is the same.
_MASK = """
import sys, time
from mlflow_on_kedro.utils.secrets import mask_secrets
part = sys.argv[1]
text = "token https://" + part * (1_000_000 // len(part))
seconds = []
for _ in range(3):
    begin = time.process_time()
    mask_secrets(text)
    seconds.append(time.process_time() - begin)
print(min(seconds))
"""


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    for name, part in PARTS.items():
        outcome.samples.add(name, bench.python(_MASK, part))
        said = (bench.folder / "python.log").read_text(encoding="utf-8")
        outcome.checks.append(Check(f"{name}: CPU", float(said), LIMIT, "s"))
    return outcome
