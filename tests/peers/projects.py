"""A project of files that a page shows: written, and run in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "plugin_src"
PACKAGE = "moved"

_SECONDS = 300


@dataclass(frozen=True)
class PeerProject:
    """A project on disk.

    Attributes:
        root: Its folder.
        python: The interpreter that runs it.
    """

    root: Path
    python: Path

    @classmethod
    def write(
        cls, root: Path, python: Path, files: Mapping[str, str], kedro_version: str
    ) -> PeerProject:
        """Write a project.

        Args:
            root: Its folder, which is made.
            python: The interpreter that is to run it.
            files: Path -> text; ``<package>`` in either is the package's name.
            kedro_version: What pyproject.toml says.
        """
        source = f"src/{PACKAGE}"
        all_files = {
            f"{source}/__init__.py": "",
            f"{source}/settings.py": "",
            f"{source}/pipeline_registry.py": textwrap.dedent(f"""
                from {PACKAGE}.nodes import create_pipeline

                def register_pipelines():
                    return {{"__default__": create_pipeline()}}
                """),
            "conf/base/catalog.yml": "",
            "conf/base/parameters.yml": "",
            "conf/local/credentials.yml": "",
            "pyproject.toml": textwrap.dedent(f"""
                [tool.kedro]
                package_name = "{PACKAGE}"
                project_name = "{PACKAGE}"
                kedro_init_version = "{kedro_version}"
                source_dir = "src"
                """),
            **{_named(path): _named(text) for path, text in files.items()},
        }
        for path, text in all_files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return cls(root, python)

    def run(self) -> None:
        """Run ``kedro run``.

        Raises:
            RuntimeError: It fails; the message has what it said.
        """
        self._call("-m", "kedro", "run")

    def held(self, experiment: str, rows: Any) -> dict[str, Any]:
        """What MLflow holds of its only run.

        Args:
            experiment: The experiment's name.
            rows: What its models are to predict.
        """
        script = Path(__file__).with_name("read_run.py")
        uri = f"sqlite:///{(self.root / 'mlflow.db').as_posix()}"
        return self.printed(script, uri, experiment, json.dumps(rows))

    def printed(self, script: Path, *words: str) -> dict[str, Any]:
        """The JSON that a script prints in the end."""
        said: dict[str, Any] = json.loads(self._call(script, *words).splitlines()[-1])
        return said

    def _call(self, *words: str | Path) -> str:
        hidden = ("MLFLOW", "KEDRO", "PYTHONPATH")
        env = {name: os.environ[name] for name in os.environ if not name.startswith(hidden)}
        env |= {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "COLUMNS": "200"}
        # For both sides alike: PipelineX reads the environment.
        env |= {"PYTHONWARNINGS": "ignore", "HOSTNAME": "the-host"}
        # Models may need the code of their project; those of this plugin do not.
        env["PYTHONPATH"] = str(
            PLUGIN if self.python == Path(sys.executable) else self.root / "src"
        )
        done = subprocess.run(
            [str(self.python), *map(str, words)],
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.root}: {words[-1]} failed.\n{done.stdout}{done.stderr}")
        return done.stdout


def _named(text: str) -> str:
    return text.replace("<package>", PACKAGE)
