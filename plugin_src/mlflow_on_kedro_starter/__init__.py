"""The starter's entry point: ``kedro new --starter=mlflow-on-kedro``.

It generates the same project as the repository from which this package was built, and needs no
network. Kedro reads the entry point ``kedro.starters``:
https://docs.kedro.org/en/stable/extend/plugins/#starters
"""

from __future__ import annotations

from pathlib import Path

from kedro.framework.cli.starters import KedroStarterSpec

__all__ = ["STARTERS", "TEMPLATE"]

_PACKAGED = Path(__file__).parent / "template"

TEMPLATE = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2]
"""The folder of the template; in an editable installation, the repository's."""

STARTERS = [KedroStarterSpec(alias="mlflow-on-kedro", template_path=str(TEMPLATE))]
