"""A browser for the HTML pages, where the machine has one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from html_worlds import cluster

from npverify.cli.app import run

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

SHOP = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture(scope="session")
def browser() -> Iterator[WebDriver]:
    """One browser for all tests, with a log of what its console says; without a sandbox, which containers have not."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser; it is in the extra `dev`")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("needs chromium and chromedriver (in Debian: chromium-driver)")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options, selenium.ChromeService(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pages are."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def opened(browser: WebDriver, folder: Path) -> Iterator[Callable[[str], WebDriver]]:
    """Opens the page of that name; when the test is over, the console must have said nothing."""

    def show(name: str) -> WebDriver:
        file = folder / f"{name}.html"
        if not file.exists():
            command, *rest = name.split(" ")
            if command == "prove":
                run(("prove", str(SHOP), "--quiet", "--format", f"html={file}"))
            elif command == "diff":
                old, new = str(SHOP), str(SHOP.parent / "shop-fixed")
                run(("diff", old, new, "--quiet", "--format", f"html={file}"))
            else:
                world = cluster(folder / rest[0], int(rest[0]))
                run(("connectivity", str(world), "--quiet", "--format", f"html={file}"))
        browser.get("about:blank")
        browser.get(file.as_uri())
        return browser

    browser.get_log("browser")
    yield show
    assert browser.get_log("browser") == []
