"""Files, folders and globs: what is found, and where it goes among the artifacts."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal.entries import File
from mlflow_on_kedro.tracking.artifact_files import expand, states

TREE = [
    "README.md",
    "logs/run.log",
    "logs/deep/a.log",
    "logs/deep/er/b.log",
    "logs/deep/note.txt",
    "other/run.log",
    "report[1].txt",
    "conf/base/catalog.yml",
    "conf/local/credentials.yml",
    "conf/local/credentials_prod.YAML",
    "conf/local/credentials/aws.json",
    "conf/local/mlflow.yml",
    "docs/credentials.md",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with some files."""
    for name in TREE:
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


def places(found: Iterable[File]) -> dict[str, str]:
    """Where among the artifacts each file, or a folder's content, goes."""
    return {
        (
            item.folder if Path(item.path).is_dir() else f"{item.folder}/{Path(item.path).name}"
        ).lstrip("/"): item.path
        for item in found
    }


class TestPatterns:
    """What a pattern names."""

    def test_a_file(self, root: Path) -> None:
        """A file goes to the top under its own name."""
        assert expand(["logs/run.log"], root) == [File(str(root / "logs/run.log"), "")]

    def test_a_folder(self, root: Path) -> None:
        """A folder goes below its own name, as one entry."""
        for pattern in ("logs/deep", "logs/deep/", "./logs/deep", "other/../logs/deep"):
            assert expand([pattern], root) == [File(str(root / "logs/deep"), "deep")]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("logs/*", {"run.log"}),
            ("logs/*.log", {"run.log"}),
            ("logs/**/*.log", {"run.log", "deep/a.log", "deep/er/b.log"}),
            ("logs/**", {"run.log", "deep/a.log", "deep/er/b.log", "deep/note.txt"}),
            ("*/run.log", {"logs/run.log", "other/run.log"}),
            ("l?gs/deep/[ab].log", {"logs/deep/a.log"}),
            ("**/b.log", {"logs/deep/er/b.log"}),
        ],
    )
    def test_globs(self, root: Path, pattern: str, expected: set[str]) -> None:
        """What a glob finds keeps its place below the glob's fixed part; folders are no files."""
        assert set(places(expand([pattern], root))) == expected

    def test_absolute(self, root: Path, tmp_path: Path) -> None:
        """Absolute files, folders and globs count from nowhere."""
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "x.txt").write_text("x")
        for pattern in ("elsewhere/x.txt", "elsewhere/*.txt"):
            found = expand([str(tmp_path / pattern)], root)
            assert found == [File(str(tmp_path / "elsewhere" / "x.txt"), "")]

    def test_a_name_that_looks_like_a_glob(self, root: Path) -> None:
        """A file whose name has a glob's characters is found by its name."""
        assert set(places(expand(["report[1].txt"], root))) == {"report[1].txt"}

    def test_a_project_that_looks_like_a_glob(self, tmp_path: Path) -> None:
        """Globs work in a project whose folder has a glob's characters."""
        root = tmp_path / "project [v1]*"
        (root / "logs").mkdir(parents=True)
        (root / "logs" / "a.log").write_text("a")
        assert set(places(expand(["logs/*.log"], root))) == {"a.log"}

    def test_order_and_repetition(self, root: Path) -> None:
        """Each file is logged once, however many patterns name it."""
        found = expand(["logs/run.log", "logs/*", "./logs/run.log"], root)
        assert found == [File(str(root / "logs/run.log"), "")]

    @pytest.mark.parametrize("pattern", ["missing.txt", "missing/**/*", "logs/*.csv"])
    def test_missing(self, root: Path, pattern: str, caplog: pytest.LogCaptureFixture) -> None:
        """What is not there is said, with the pattern and where it was looked for."""
        assert expand([pattern, "README.md"], root) == [File(str(root / "README.md"), "")]
        (record,) = caplog.records
        assert record.getMessage() == f"Nothing to log at '{pattern}' (looked in {root})."

    def test_nothing(self, root: Path) -> None:
        """No patterns, no files."""
        assert expand([], root) == []


class TestPlaces:
    """No file overwrites another, and none escapes."""

    @pytest.mark.parametrize("order", [1, -1])
    def test_the_same_name(self, root: Path, order: int) -> None:
        """Files that would meet keep their path in the project, whatever their order."""
        found = places(expand(["logs/run.log", "other/run.log"][::order], root))
        assert set(found) == {"logs/run.log", "other/run.log"}

    @pytest.mark.parametrize("order", [1, -1])
    def test_one_at_the_top(self, root: Path, order: int) -> None:
        """The same when one of them lies in the project's root."""
        (root / "run.log").write_text("top")
        found = places(expand(["logs/run.log", "run.log"][::order], root))
        assert set(found) == {"logs/run.log", "run.log"}
        assert found["run.log"] == str(root / "run.log")

    def test_outside_of_the_project(self, root: Path, tmp_path: Path) -> None:
        """Files outside of the project that would meet keep their whole path."""
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "x.txt").write_text(name)
        for patterns in (["../a/x.txt", "../b/x.txt"], [f"{tmp_path}/a/x.txt", "../b/x.txt"]):
            found = places(expand(patterns, root))
            assert len(found) == 2
            assert not any(".." in place or place.startswith("/") for place in found)

    def test_folders_of_the_same_name(self, root: Path) -> None:
        """Folders of the same name keep their path, too."""
        (root / "other" / "deep").mkdir()
        (root / "other" / "deep" / "c.log").write_text("c")
        assert set(places(expand(["logs/deep", "other/deep"], root))) == {"logs/deep", "other/deep"}


class TestCredentials:
    """Kedro's credentials are never logged."""

    @pytest.mark.parametrize(
        "pattern",
        [
            "conf",
            "conf/local",
            "conf/**/*",
            "conf/**/*.*",
            "conf/local/*",
            "conf/local/credentials*",
            "conf/local/credentials",
            "conf/local/credentials/*",
            "conf/local/credentials.yml",
            ".",
            "**",
        ],
    )
    def test_left_out(self, root: Path, pattern: str, caplog: pytest.LogCaptureFixture) -> None:
        """They are left out of folders and globs, and when named, and that is said."""
        found = expand([pattern], root)
        assert not [item for item in found if Path(item.path).is_dir()]
        assert not [
            item
            for item in found
            if "credentials" in str(Path(item.path).relative_to(root))
            and not item.path.endswith(".md")
        ]
        assert "it may hold credentials" in caplog.text

    def test_the_others_keep_their_places(self, root: Path) -> None:
        """The other files of such a folder are where they would be with it."""
        found = set(places(expand(["conf"], root)))
        assert found == {"conf/base/catalog.yml", "conf/local/mlflow.yml"}

    def test_no_credentials(self, root: Path) -> None:
        """A page on credentials is no credentials."""
        assert set(places(expand(["docs/credentials.md"], root))) == {"credentials.md"}

    def test_in_a_linked_folder(self, root: Path) -> None:
        """They are left out as well where a link in a folder leads to them."""
        (root / "logs/conf").symlink_to(root / "conf/local", target_is_directory=True)
        found = [path.name for path, _, _ in states(["logs"], root)]
        assert "mlflow.yml" in found
        assert not [name for name in found if name.startswith("credentials")]

    def test_a_project_of_that_name(self, tmp_path: Path) -> None:
        """Only the project's own folders count: its files are logged wherever it lies."""
        root = tmp_path / "credentials-service"
        root.mkdir()
        (root / "result.json").write_text("{}")
        assert set(places(expand(["result.json"], root))) == {"result.json"}


@pytest.mark.parametrize("looks", range(5))
def test_a_file_that_vanishes(root: Path, monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """A file that is renamed or removed between two looks at it is passed over."""
    stat, left = Path.stat, [looks]

    def vanishing(path: Path, **options: Any) -> Any:
        if path.name == "a.log":
            left[0] -= 1
            if left[0] < 0:
                raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanishing)
    found = {path.name for path, _, _ in states(["logs"], root)}
    assert found - {"a.log"} == {"run.log", "b.log", "note.txt"}
