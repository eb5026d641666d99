"""``kedro mlflow discard``: what it drops, and what it never drops."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow_on_kedro.journal.entries import FILES, End, File, Param, Text
from mlflow_on_kedro.journal.folder import HEADER, Journal, new_id
from mlflow_on_kedro.journal.records import Header, Opened, SetAside
from mlflow_on_kedro.journal.writer import Writer
from mlflow_on_kedro.utils.mlflow_version import major_minor

Leave = Callable[..., Journal]
DAMAGED = ["", "[]", '{"format": 99}', '{"start_ms": "x"}']


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """A function that leaves a journal behind; its arguments are the header's."""

    def leave_(**header: Any) -> Journal:
        content = {"journal": new_id(), "experiment": "demo", "start_ms": 5, "root": "/", **header}
        journal = Journal.create(tmp_path / ".mlflow_on_kedro/journal", Header(**content))
        write = Writer(journal)
        for entry in (Param("p", "v"), Text("to/a.txt", "a" * 2000), End("FINISHED", 9)):
            write.append(entry)
        journal.release()
        return Journal(journal.folder)

    return leave_


def refuse(journal: Journal) -> Journal:
    """Have all of a journal delivered but a parameter and a file, which were refused."""
    (file,) = journal.read({}, FILES, complete=True).entries
    journal.delivered = journal.sizes()
    journal.set_aside = [SetAside(Param("q", "v"), "no", 5, 3), SetAside(file, "closed", 5, 1)]
    journal.ended = "FINISHED"
    return journal


def discard(root: Path, *words: str, answer: str | None = None) -> Result:
    """Run the command in a project, of which it needs nothing but the root."""
    from mlflow_on_kedro.cli import cli

    metadata = SimpleNamespace(project_path=root)
    return CliRunner().invoke(cli, ["mlflow", "discard", *words], obj=metadata, input=answer)


class TestRun:
    """A whole run."""

    @pytest.mark.parametrize("name", ["folder", "beginning", "run", "id", "in MLflow"])
    def test_named(self, leave: Leave, tmp_path: Path, name: str) -> None:
        """It is known by its folder, the beginning of that, its name, and its id in MLflow."""
        other = leave(journal="a" * 24)
        journal = leave(journal="b" * 24, run_name="mine")
        journal.opened = Opened("r1", "1", "file:///a", "wise-owl")
        names = {
            "folder": "b" * 24,
            "beginning": "bb",
            "run": "mine",
            "id": "r1",
            "in MLflow": "wise-owl",
        }
        result = discard(tmp_path, names[name], "--yes")
        assert result.exit_code == 0, result.output
        assert result.output.startswith("Dropped ")
        assert "of values and 1 artifact (2 kB) of Run mine (demo) of 1970-01-01" in result.output
        assert not journal.folder.exists()
        assert other.exists()

    @pytest.mark.parametrize(("answer", "dropped"), [("y\n", True), ("n\n", False), ("", False)])
    def test_it_asks(self, leave: Leave, tmp_path: Path, answer: str, dropped: bool) -> None:
        """Nothing is dropped unless the user says so."""
        journal = leave(run_name="mine")
        result = discard(tmp_path, "mine", answer=answer)
        assert "Drop " in result.output
        assert "for good?" in result.output
        assert (result.exit_code == 0) is dropped
        assert journal.folder.exists() is not dropped

    @pytest.mark.skipif(
        major_minor(metadata.version("click")) < (8, 2),
        reason="its runner takes the end for an empty line",
    )
    def test_nobody_answers(self, leave: Leave, tmp_path: Path) -> None:
        """Without a terminal the option is named that answers, and nothing is dropped."""
        journal = leave()
        done = discard(tmp_path, journal.folder.name)
        assert done.exit_code == 1
        assert "nothing was changed. Give --yes to agree." in done.output
        assert "Aborted" not in done.output
        assert journal.exists()

    def test_none(self, leave: Leave, tmp_path: Path) -> None:
        """A name of none is an error that says where to look."""
        journal = leave(run_name="mine")
        for name in ("other", "", "min"):
            result = discard(tmp_path, name, "--yes")
            assert result.exit_code == 1
            assert (
                f"No waiting run has the name or id {name!r}. `kedro mlflow status` lists"
                in result.output
            )
        assert journal.exists()

    def test_several(self, leave: Leave, tmp_path: Path) -> None:
        """A name of several drops none, and names them."""
        journals = [leave(run_name="mine") for _ in range(2)]
        result = discard(tmp_path, "mine", "--yes")
        assert result.exit_code == 1
        assert "2 waiting runs match 'mine'" in result.output
        assert all(journal.folder.name in result.output for journal in journals)
        assert all(journal.exists() for journal in journals)

    @pytest.mark.parametrize("sender", [True, False])
    def test_in_progress(self, leave: Leave, tmp_path: Path, sender: bool) -> None:
        """A run that its own process or another one is delivering is not dropped."""
        journal = leave(run_name="mine")
        if sender:
            journal.hold_sender()
        else:
            journal.hold()
        result = discard(tmp_path, "mine", "--yes")
        assert result.exit_code == 1
        assert "is being delivered now: nothing is dropped" in result.output
        assert journal.exists()
        journal.release()

    @pytest.mark.parametrize("header", DAMAGED)
    def test_a_damaged_one_hides_no_other(self, leave: Leave, tmp_path: Path, header: str) -> None:
        """A run is found by its name although another cannot be read."""
        bad, good = leave(), leave(run_name="good")
        (bad.folder / HEADER).write_text(header)
        assert discard(tmp_path, "good", "--yes").exit_code == 0
        assert not good.folder.exists()
        assert bad.folder.exists()

    @pytest.mark.parametrize("header", DAMAGED)
    def test_a_damaged_one(self, leave: Leave, tmp_path: Path, header: str) -> None:
        """One that cannot be read can be dropped by its folder's name."""
        bad = leave()
        (bad.folder / HEADER).write_text(header)
        result = discard(tmp_path, bad.folder.name, "--yes")
        assert result.exit_code == 0, repr(result.exception)
        assert not bad.folder.exists()

    def test_another_place(self, leave: Leave, tmp_path: Path) -> None:
        """One of another project is dropped where its place is given."""
        journal = leave(run_name="mine")
        (tmp_path / "empty").mkdir()
        assert discard(tmp_path / "empty", "mine", "--yes").exit_code == 1
        words = ["mine", "--yes", "--path", str(tmp_path)]
        assert discard(tmp_path / "empty", *words).exit_code == 0
        assert not journal.folder.exists()

    def test_with_refused_entries(self, leave: Leave, tmp_path: Path) -> None:
        """What was refused of it goes with it, and is said."""
        journal = refuse(leave(run_name="mine"))
        result = discard(tmp_path, "mine", "--yes")
        assert "Dropped 2 refused entries of Run mine" in result.output
        assert not journal.folder.exists()


class TestEntry:
    """One entry that was refused."""

    def test_one_then_the_other(self, leave: Leave, tmp_path: Path) -> None:
        """It goes alone, with its copy; with the last thing that waits the journal goes."""
        journal = refuse(leave(run_name="mine"))
        (_, file) = journal.set_aside
        assert isinstance(file.entry, File)
        result = discard(tmp_path, "mine", "2", "--yes")
        assert result.exit_code == 0, result.output
        assert result.output.startswith("Dropped artifact to/a.txt of Run mine")
        assert not Path(file.entry.path).exists()
        assert [item.entry for item in journal.set_aside] == [Param("q", "v")]
        result = discard(tmp_path, "mine", "1", "--yes")
        assert result.output.startswith("Dropped param 'q' of Run mine")
        assert not journal.folder.exists()

    @pytest.mark.parametrize("what", ["its end", "a value"])
    def test_more_waits(self, leave: Leave, tmp_path: Path, what: str) -> None:
        """As long as anything else waits, or the run has not ended, the journal stays."""
        journal = refuse(leave(run_name="mine"))
        if what == "its end":
            journal.ended = None
        else:
            Writer(journal).append(Param("r", "v"))
        for _ in range(2):
            assert discard(tmp_path, "mine", "1", "--yes").exit_code == 0
        assert journal.set_aside == []
        assert journal.exists()

    @pytest.mark.parametrize(("entry", "code"), [("3", 1), ("0", 2), ("x", 2)])
    def test_none(self, leave: Leave, tmp_path: Path, entry: str, code: int) -> None:
        """A number of none is an error, and drops nothing."""
        journal = refuse(leave(run_name="mine"))
        result = discard(tmp_path, "mine", entry, "--yes")
        assert result.exit_code == code
        assert len(journal.set_aside) == 2
        if code == 1:
            assert "has no refused entry 3: `kedro mlflow status`" in result.output

    def test_nothing_refused(self, leave: Leave, tmp_path: Path) -> None:
        """Of a run of which nothing was refused no entry is dropped."""
        leave(run_name="mine")
        result = discard(tmp_path, "mine", "1", "--yes")
        assert result.exit_code == 1
        assert "has no refused entry 1" in result.output

    def test_it_asks(self, leave: Leave, tmp_path: Path) -> None:
        """The question names the entry."""
        journal = refuse(leave(run_name="mine"))
        result = discard(tmp_path, "mine", "2", answer="n\n")
        assert "Drop artifact to/a.txt of Run mine (demo)" in result.output
        assert result.exit_code == 1
        assert len(journal.set_aside) == 2
