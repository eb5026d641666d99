"""Runs ``kedro run`` in a process of its own, with parameters that no quoting changes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..utils import run_variables


@dataclass(frozen=True)
class KedroRun:
    """A ``kedro run`` to start.

    Attributes:
        root: The project's root.
        options: The options, without those in ``params``.
        params: The parameters, with their types.
        python: The Python that runs it.
        origin: The id of the run that is repeated.
        token: What the new run is found by.
    """

    root: Path
    options: Sequence[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    python: Path = Path(sys.executable)
    origin: str = ""
    token: str = ""

    def start(self) -> int:
        """Run it, and return its exit status. Ctrl-C ends it, and then raises here, too."""
        with tempfile.TemporaryDirectory(prefix="mlflow-on-kedro-") as folder:
            words = [str(self.python), "-m", "kedro", "run", *self.options]
            if self.params:
                config = Path(folder, "run.yml")
                config.write_text(config_text(self.params), encoding="utf-8")
                words.append(f"--config={config}")
            variables = {**os.environ, **run_variables.for_rerun(self.origin, self.token)}
            # Modules are those of the project and its environment, and not of this process.
            variables.pop("PYTHONHOME", None)
            process = subprocess.Popen(words, cwd=self.root, env=variables)
            try:
                return process.wait()
            except KeyboardInterrupt:  # the process has got it, too, and ends its run as KILLED
                with contextlib.suppress(KeyboardInterrupt):
                    process.wait()
                raise


def config_text(params: Mapping[str, Any]) -> str:
    """Write the file for ``kedro run --config``: every text in quotes, so that it stays a text.

    Example:
        >>> print(config_text({"name": "1e5", "rate": 1e-05}), end="")
        "run":
          "params":
            "name": "1e5"
            "rate": 1.0e-05
    """
    import yaml

    def represent(dumper: Any, text: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, '"')

    quoting: Any = type("Quoting", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    quoting.add_representer(str, represent)
    text: str = yaml.dump(
        {"run": {"params": dict(params)}},
        None,
        quoting,
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
        width=2**31 - 1,
    )
    return text
