"""Builds the manual's site: `make docs`. A link or an anchor that leads nowhere stops it.

The pages in docs/ are joined by some from elsewhere in the repository (CONTRIBUTING.md, …), and the
one on commands by their help texts. So a copy of the pages is built.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

from manual.commands import sections

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

# A file of the repository -> its place in the manual. Pages link to it as ../CONTRIBUTING.md, so
# that their links hold where the repository is looked at, too.
_JOINING = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/results/results.md": "benchmark-results.md",
    "benchmarks/results/results.svg": "images/results.svg",
}
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)#\s:]+)(?=[)#])")

_EXAMPLE = re.compile(r"\bExample:$", flags=re.MULTILINE)


def build(folder: Path) -> Path:
    """Build the site.

    Args:
        folder: Where to; what is there is replaced.

    Returns:
        The first page.

    Raises:
        SystemExit: A link is broken, or something else is wrong; what it is was printed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    collect_pages(folder / "docs")
    collect_code(folder / "code")
    shutil.copy(Path(__file__).with_name("mkdocs.yml"), folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise SystemExit("The manual has mistakes: see above.")
    return folder / "site" / "index.html"


def collect_pages(folder: Path) -> None:
    """Write all pages and pictures of the manual to a folder."""
    shutil.copytree(DOCS / "images", folder / "images", ignore=shutil.ignore_patterns("*.txt"))
    places = {f"docs/{page.name}": page.name for page in DOCS.glob("*.md")} | _JOINING
    for path, place in places.items():
        if not place.endswith(".md"):
            shutil.copy(ROOT / path, folder / place)
            continue
        text = in_manual((ROOT / path).read_text(encoding="utf-8"), path)
        if place == "commands.md":
            text += f"\n{sections()}\n"
        (folder / place).write_text(text, encoding="utf-8")


def collect_code(folder: Path) -> None:
    """Write the plugin to a folder, for the page on its classes."""
    plugin = ROOT / "plugin_src"
    for path in plugin.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        copy = folder / path.relative_to(plugin)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # The one of Google's two words that mkdocstrings takes for code.
        copy.write_text(_EXAMPLE.sub("Examples:", text), encoding="utf-8")


def in_manual(text: str, path: str) -> str:
    """Let the relative links of a page lead to the same files in the manual.

    Args:
        text: The page.
        path: Its file in the repository, to which its links are relative.
    """

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link["target"]))
        return _JOINING.get(target, target.removeprefix("docs/"))

    return _LINK.sub(moved, text)


if __name__ == "__main__":
    print(build(ROOT / "build" / "manual"))
