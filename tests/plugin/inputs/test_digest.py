"""The digest of what was loaded changes when the data do, and says what it is made from."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from mlflow_on_kedro.inputs.digest import SAMPLE_BYTES, fingerprint, of_file, of_files
from mlflow_on_kedro.inputs.source import Source

MAX_BYTES = 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small file."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"a" * MAX_BYTES)
    return path


class TestOneFile:
    """A file."""

    def test_whole(self, file: Path) -> None:
        """Up to the limit it is the content's SHA-256, whenever it was written."""
        os.utime(file, (1, 1))
        found = of_file(file, MAX_BYTES)
        assert found.value == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (found.of, found.size, found.is_checksum) == ("content", MAX_BYTES, True)

    def test_beyond(self, file: Path) -> None:
        """Beyond it, size and time count."""
        os.utime(file, (1, 1))
        first = of_file(file, MAX_BYTES - 1)
        os.utime(file, (2, 2))
        later = of_file(file, MAX_BYTES - 1)
        assert first.value != later.value
        assert first.of == "size, modification time and samples"
        assert not first.is_checksum

    @pytest.mark.parametrize("place", [0, 2 * SAMPLE_BYTES + 5, 4 * SAMPLE_BYTES - 1])
    def test_samples(self, file: Path, place: int) -> None:
        """Its beginning, middle and end are looked at."""
        content = bytearray(4 * SAMPLE_BYTES)
        file.write_bytes(content)
        os.utime(file, (1, 1))
        first = of_file(file, MAX_BYTES)
        content[place] = 1
        file.write_bytes(content)
        os.utime(file, (1, 1))
        assert of_file(file, MAX_BYTES).value != first.value


class TestFolders:
    """Files in a folder."""

    def test_content(self, tmp_path: Path, file: Path) -> None:
        """Names and content count, times do not."""
        first = of_files(tmp_path, [file], MAX_BYTES)
        os.utime(file, (1, 1))
        assert of_files(tmp_path, [file], MAX_BYTES) == first
        moved = file.rename(tmp_path / "b.bin")
        assert of_files(tmp_path, [moved], MAX_BYTES).value != first.value
        assert first.of == "names and content"

    def test_listing(self, tmp_path: Path, file: Path) -> None:
        """Where there is too much, names, sizes and times count."""
        first = of_files(tmp_path, [file], MAX_BYTES - 1)
        os.utime(file, (1, 1))
        assert of_files(tmp_path, [file], MAX_BYTES - 1).value != first.value
        assert first.of == "names, sizes and modification times"

    def test_many_files(self, tmp_path: Path) -> None:
        """Many files are not opened, however small."""
        files = [tmp_path / f"{n}.txt" for n in range(1001)]
        for path in files:
            path.touch()
        assert of_files(tmp_path, files, MAX_BYTES).of == "names, sizes and modification times"

    def test_partitions(self, tmp_path: Path, file: Path) -> None:
        """Only partitions that were loaded count; one with versions is a folder."""
        versioned = tmp_path / "v.json" / "2024" / "v.json"
        versioned.parent.mkdir(parents=True)
        versioned.write_bytes(b"1")
        loaded = Source("local", {}, tmp_path, partitions=("v.json",))
        first = fingerprint(loaded, {}, MAX_BYTES)
        file.write_bytes(b"other")
        assert fingerprint(loaded, {}, MAX_BYTES) == first
        versioned.write_bytes(b"2")
        assert fingerprint(loaded, {}, MAX_BYTES) != first

    def test_all_of_it(self, tmp_path: Path, file: Path) -> None:
        """Without partitions all files below count."""
        whole = Source("local", {}, tmp_path)
        first = fingerprint(whole, {}, MAX_BYTES)
        file.write_bytes(b"other")
        assert fingerprint(whole, {}, MAX_BYTES) != first


class Silent:
    """A remote file system that tells sizes only."""

    def info(self, path: str) -> dict[str, object]:
        """Tell the size."""
        return {"name": path, "size": 3, "type": "file"}


class TestOtherwise:
    """What is no local file."""

    def test_data(self, tmp_path: Path) -> None:
        """A file that is gone, and a place without files: the loaded data count."""
        for source in (Source("local", {}, tmp_path / "gone"), Source("sql", {"table": "t"})):
            assert fingerprint(source, [1], MAX_BYTES) != fingerprint(source, [2], MAX_BYTES)
            assert fingerprint(source, [1], MAX_BYTES).of == "loaded data"

    def test_a_server_that_tells_little(self) -> None:
        """Where a server tells the size only, the loaded data count, too."""
        source = Source("http", {}, remote=(Silent(), "https://host/a"))
        assert fingerprint(source, [1], MAX_BYTES) != fingerprint(source, [2], MAX_BYTES)
        assert fingerprint(source, [1], MAX_BYTES).of == "size and loaded data"
        assert fingerprint(source, object(), MAX_BYTES).of == "size"

    def test_nothing_to_go_by(self) -> None:
        """Where nothing of the data is known, it is said that it is the source's digest."""
        source = Source("spark", {"uri": "dbfs:/a"})
        assert fingerprint(source, object(), MAX_BYTES).of == "source"
