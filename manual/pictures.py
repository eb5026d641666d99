"""Takes the README's pictures: of a fresh run of the demo project, in the real MLflow UI.

Run `make pictures`; it needs Chromium. Beside each picture it keeps the texts that the page showed,
so that a test can tell when the page has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from mlflow.entities import Run
from playwright.sync_api import Frame, Page, ViewportSize, sync_playwright

from manual.demo import Demo, make_demo
from tests.faults.server import served

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE: ViewportSize = {"width": 1280, "height": 800}
_VIEW = "workflowType=machine_learning"
_PATIENCE = 60_000
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_TALL = {"width": 1280, "height": 1120}  # the user's metrics follow below the timings
_SIZES = {"run": _TALL, "gantt": {"width": 1280, "height": 600}}

Shown = Callable[[Page, str, Run], Frame]


def show_run(page: Page, base: str, run: Run) -> Frame:
    """Open the run's page.

    Args:
        page: A tab of a browser.
        base: The address of MLflow's UI.
        run: The run.

    Returns:
        What shows it.
    """
    page.set_viewport_size(_TALL)
    page.goto(f"{_address(base, run)}?{_VIEW}")
    page.get_by_text("Finished", exact=True).wait_for(timeout=_PATIENCE)
    page.get_by_text("accuracy", exact=True).first.wait_for(timeout=_PATIENCE)
    _settle(page)
    return page.main_frame


def show_chart(page: Page, base: str, run: Run) -> Frame:
    """Open the run's Gantt chart among its artifacts; see :func:`show_run`."""
    page.set_viewport_size(SIZE)
    page.goto(f"{_address(base, run)}/artifacts/gantt.html?{_VIEW}")
    bars = page.frame_locator("iframe").locator(".barlayer .point")
    bars.first.wait_for(timeout=_PATIENCE)
    # Where the project lies on this machine is of no interest.
    path = page.get_by_text(re.compile("^Path:")).first
    path.evaluate("element => { element.parentElement.style.visibility = 'hidden' }")
    _settle(page)
    return page.frames[-1]


PICTURES: dict[str, Shown] = {"run": show_run, "gantt": show_chart}


def texts_of(frame: Frame, run: Run) -> str:
    """Return the texts of a page, a line each, without what differs from run to run.

    Ids, times, numbers, names that were made up, and the values that describe the machine are left
    out, and so is the order.
    """
    shown = frame.evaluate(
        "[document.body.innerText, ...[...document.querySelectorAll('svg text')]"
        ".map(text => text.textContent)].join('\\n')"
    )
    values = {*run.data.tags.values(), *run.data.params.values(), "kedro.hardware.gpu"}
    hardware = (tag for tag in run.data.tags if tag.startswith("kedro.hardware."))
    values |= {f": {run.data.tags[tag]}" for tag in hardware}
    lines = (line for line in shown.splitlines() if line.strip() not in values)
    plain = (re.sub(r"[^A-Za-z]+", " ", _without_ids(line, run)).strip() for line in lines)
    told = {line for line in plain if re.search("[A-Za-z]{4}", line) and not line.endswith(" ago")}
    return "\n".join(sorted(told)) + "\n"


def file_of_texts(name: str) -> Path:
    """Return where the texts of a picture are kept."""
    return IMAGES / f"{name}.txt"


def take_pictures(page: Page, base: str, demo: Demo) -> None:
    """Take each picture, and keep the texts that it shows."""
    for name, show in PICTURES.items():
        frame = show(page, base, demo.run)
        file_of_texts(name).write_text(texts_of(frame, demo.run), encoding="utf-8", newline="\n")
        page.screenshot(path=IMAGES / f"{name}.png", clip={"x": 0, "y": 0, **_SIZES[name]})


def main() -> None:
    """Make the demo project, serve its store, and take the pictures."""
    chromium = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if chromium is None:
        sys.exit(f"Pictures need a browser: none of {', '.join(_CHROMIUM)} is on the PATH.")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        demo = make_demo(folder)
        with served(["--backend-store-uri", demo.store_uri], os.environ, folder) as base:
            browser = playwright.chromium.launch(
                executable_path=chromium,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            take_pictures(browser.new_page(), base, demo)
            browser.close()
    print(f"The pictures are in {IMAGES}: look at them.")


def _address(base: str, run: Run) -> str:
    return f"{base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def _settle(page: Page) -> None:
    """Close MLflow's assistant, and wait until the page stays as it is."""
    assistant = page.get_by_role("button", name=re.compile("close", re.IGNORECASE))
    if assistant.count():
        assistant.first.click()
    for floating in page.get_by_role("button", name=re.compile("assistant", re.IGNORECASE)).all():
        floating.evaluate("element => { element.style.visibility = 'hidden' }")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)


def _without_ids(line: str, run: Run) -> str:
    names = (run.info.run_name, run.info.run_id, run.info.user_id)
    for name in filter(None, names):
        line = line.replace(name, "")
    return re.sub(r"\b(?=\w*\d)[0-9a-f]{4,}\b|\b\d{1,2} \w+ \d{4}\b", "", line)


if __name__ == "__main__":
    main()
