"""The artifacts of a run that say what it takes to repeat it; each has a switch in mlflow.yml."""

from __future__ import annotations

FOLDER = "kedro"
PARAMETERS = f"{FOLDER}/parameters.yml"
CATALOG = f"{FOLDER}/catalog.yml"
PIPELINE = f"{FOLDER}/pipeline.json"
DRAWING = f"{FOLDER}/pipeline.svg"
CODE = f"{FOLDER}/code.diff.txt"
PACKAGES = f"{FOLDER}/requirements.txt"
ENVIRONMENT = f"{FOLDER}/environment.json"
LOADED = f"{FOLDER}/loaded.json"
