"""The folders of sweeps: what is kept, and for how long."""

from __future__ import annotations

from pathlib import Path

from mlflow_on_kedro.sweeps.sweep_folder import SweepFolder


def test_finished_ones_are_removed(tmp_path: Path) -> None:
    """A new sweep removes those that have finished, and none that can go on."""
    finished, failed = (SweepFolder.create(tmp_path, name) for name in ("good", "bad"))
    for folder in (finished, failed):
        folder.write_spec({"name": folder.id})
        folder.files("0001").mkdir()
    finished.note_finished()
    assert finished.path.exists(), "its files can be looked at until the next sweep"
    new = SweepFolder.create(tmp_path, None)
    new.remove_unused()
    assert finished.path.exists(), "the new one could not begin"
    assert not new.path.exists()
    new = SweepFolder.create(tmp_path, None)
    new.write_spec({})
    new.remove_finished()
    new.remove_unused()
    assert {path.name for path in new.path.parent.iterdir()} == {failed.id, new.id}
