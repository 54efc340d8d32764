"""A real site for a real browser: the demo in a folder of its own, and Chromium on desktop and phone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.kill.site import ROOT, Demo

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), ""
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a Chromium: without one it is skipped aloud, or fails where BROWSER_REQUIRED is set."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM and not os.environ.get("BROWSER_REQUIRED"):
                item.add_marker(pytest.mark.skip(reason="no Chromium found; install one to run the browser suite"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line("The browser suite did not run: no Chromium was found. Install one to include it.")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "BROWSER_REQUIRED is set and there is no Chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


class Visit:
    """One person's browser: `go` opens a page and fails on any error the page throws or the site answers."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._note)
        self.page.on(
            "response", lambda got: self.faults.append(f"{got.status} {got.url}") if got.status >= 500 else None
        )

    def _note(self, said: ConsoleMessage) -> None:
        # That an answer was 404 or 422 is told on the console too; what the site answers, the tests ask themselves.
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self.faults.append(said.text)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def sign_in(self, name: str) -> Page:
        self.go("/accounts/login/")
        self.page.locator(f'form[action="/you/demo/{name}"] button').click()
        self.page.wait_for_url(self.address + "/")
        return self.page


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """`visit("mara_quill", PHONE, language="zh-hans", dark=True)`: a signed-in browser; without a name, a visitor."""
    opened: list[Visit] = []

    def open_(
        name: str = "", device: dict[str, Any] = DESKTOP, *, language: str = "en", dark: bool = False, **more: Any
    ) -> Visit:
        context = browser.new_context(**device, color_scheme="dark" if dark else "light", locale="en-US", **more)
        context.add_cookies([{"name": "django_language", "value": language, "url": address}])
        made = Visit(context, address)
        opened.append(made)
        if name:
            made.sign_in(name)
        return made

    yield open_
    for made in opened:
        made.context.close()
    assert [fault for made in opened for fault in made.faults] == []


@pytest.fixture
def ask(demo: Demo | None) -> Callable[[str], Any]:
    """What the demo's own database says: `ask("found = Like.objects.count()")` runs there and hands over `found`."""
    if demo is None:
        pytest.skip("SITE_AT names a site whose database these tests do not reach")

    def ask_(code: str) -> Any:
        words = [
            sys.executable,
            "manage.py",
            "shell",
            "--verbosity",
            "0",
            "-c",
            f"{code}\nimport json\nprint(json.dumps(found))",
        ]
        done = subprocess.run(words, cwd=ROOT, env=demo.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return ask_
