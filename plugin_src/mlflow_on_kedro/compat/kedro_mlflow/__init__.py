"""What a project of kedro-mlflow has, as this plugin reads it: its files, datasets and functions.

Pure functions over tables, which a command can ask as well as a run: this key or entry becomes
that, with this note.
"""

from __future__ import annotations

MIGRATE: str | None = None
"""The command that writes the translation into the project's files; None as long as there is none.

Messages name it."""
