"""Takes the README's pictures: of the newest run of the demo project, in the real MLflow UI.

Run `make pictures` after `make demo`; it needs Chromium.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "demo" / "wine-demo"
IMAGES = ROOT / "docs" / "images"
VIEW = "workflowType=machine_learning"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def take_pictures(page: Page, base: str) -> None:
    """Take a picture of the run's page and of its Gantt chart."""
    client = MlflowClient(f"sqlite:///{PROJECT / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("wine_demo")
    (run,) = client.search_runs([experiment.experiment_id], max_results=1)
    address = f"{base}/#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{address}?{VIEW}")
    page.get_by_text("system/time/pipeline").first.wait_for()
    assistant = page.get_by_role("button", name=re.compile("close", re.IGNORECASE))
    if assistant.count():
        assistant.first.click()
    page.get_by_text(re.compile(r"^Metrics \(")).scroll_into_view_if_needed()
    page.mouse.move(500, 500)
    page.mouse.wheel(0, 600)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "run.png")
    page.goto(f"{address}/artifacts/gantt.html?{VIEW}")
    page.frame_locator("iframe").locator(".barlayer .point").first.wait_for()
    # Where the project lies on this machine is of no interest.
    path = page.get_by_text(re.compile("^Path:")).first
    path.evaluate("element => { element.parentElement.style.visibility = 'hidden' }")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "gantt.png", clip={"x": 0, "y": 0, "width": 1280, "height": 560})


def main() -> None:
    """Serve the demo's store, take the pictures, stop the server."""
    command = [sys.executable, "-m", "kedro", "mlflow", "ui", "--no-browser"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = (re.search(r"MLflow UI: (http://[\w.:]+)", line) for line in server.stdout)
        base = next(found[1] for found in lines if found)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            take_pictures(browser.new_page(viewport={"width": 1280, "height": 800}), base)
            browser.close()
        server.terminate()


if __name__ == "__main__":
    main()
