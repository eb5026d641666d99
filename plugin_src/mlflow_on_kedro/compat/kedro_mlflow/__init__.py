"""What a project of kedro-mlflow has, as this plugin reads it: its files, datasets and functions.

Pure functions over tables, which a command can ask as well as a run: this key or entry becomes
that, with this note.
"""

from __future__ import annotations

MIGRATE = "kedro mlflow migrate"
"""The command that writes the translation into the project's files; messages name it."""
