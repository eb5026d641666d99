"""A real MLflow server and a real browser that may talk to nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.faults.server import served

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@pytest.fixture(scope="module")
def mlflow_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """A function: a store's URI -> the URL of a server on it, stopped after the module's tests."""
    with contextlib.ExitStack() as servers:
        urls: dict[str, str] = {}

        def serve(store_uri: str) -> str:
            if store_uri not in urls:
                folder = tmp_path_factory.mktemp("mlflow_ui")
                urls[store_uri] = servers.enter_context(
                    served(["--backend-store-uri", store_uri], os.environ, folder)
                )
            return urls[store_uri]

        yield serve


# Not the session's: while Playwright runs, no other test in the process can call asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, the system's own."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        reason = f"no browser: none of {', '.join(CHROMIUM_NAMES)} is on the PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=[*CHROMIUM_ARGS],
            ignore_default_args=["--hide-scrollbars"],  # a user's browser has them
        )
        yield chromium
        chromium.close()


@dataclass
class OfflinePage:
    """A browser tab that reaches this machine only.

    Attributes:
        page: Playwright's page.
        refused: The URLs beyond this machine that were asked for.
    """

    page: Page
    refused: list[str] = field(default_factory=list)

    def guard(self, route: Route) -> None:
        """Let a request through, or refuse it and remember it."""
        url = urlsplit(route.request.url)
        if url.scheme in ("http", "https") and url.hostname not in LOOPBACK:
            self.refused.append(route.request.url)
            route.abort()
        else:
            route.continue_()


@pytest.fixture(scope="module")
def open_page(browser: Browser) -> Iterator[Callable[[], OfflinePage]]:
    """A function that opens a tab of a fresh, offline browser, closed after the module's tests."""
    with contextlib.ExitStack() as contexts:

        def open_one() -> OfflinePage:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            contexts.callback(context.close)
            opened = OfflinePage(context.new_page())
            context.route("**/*", opened.guard)
            return opened

        yield open_one


@pytest.fixture
def page(open_page: Callable[[], OfflinePage]) -> Page:
    """A tab of a fresh, offline browser."""
    return open_page().page
