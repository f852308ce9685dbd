"""A headless Chromium for the tests of pages, with Debian's driver or whatever lies on the path."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
LACKING = (
    "needs selenium" if find_spec("selenium") is None
    else "needs Chromium" if PROGRAM is None
    else "needs chromedriver" if DRIVER is None
    else None
)  # fmt: skip
"""Why there is no browser; None: there is one."""


@contextmanager
def browser(home: Path) -> Iterator[Chrome]:
    """A browser of its own; `home` is an empty folder for its profile."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(PROGRAM)
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-dev-shm-usage", f"--user-data-dir={home}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def see(driver: Chrome, page: Path, width: int = 1280, dark: bool = False) -> None:
    """Open a page from disk in a window so wide, and wait until its timelines are there."""
    sized = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sized)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get(page.as_uri())
    until(
        driver, "return document.querySelectorAll('[data-ready]').length === document.querySelectorAll('canvas').length"
    )


def until(driver: Chrome, script: str, seconds: float = 30.0) -> Any:
    """What a script returns, once it is true."""
    end = time.monotonic() + seconds
    while not (found := driver.execute_script(script)):
        assert time.monotonic() < end, f"never true: {script}"
        time.sleep(0.05)
    return found
