"""What one does with a page in a browser, in a few words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

Opened = Callable[[str], "WebDriver"]


def found(driver: WebDriver, selector: str) -> list[WebElement]:
    """The elements that one sees."""
    return [element for element in driver.find_elements("css selector", selector) if element.is_displayed()]


def texts(driver: WebDriver, selector: str) -> list[str]:
    return [element.text for element in found(driver, selector)]


def put(driver: WebDriver, name: str, value: str) -> None:
    """Fill in a field at once, as after the pause in typing."""
    driver.execute_script(
        "const box = document.getElementById(arguments[0]); box.value = arguments[1];"
        "box.dispatchEvent(new Event(box.tagName === 'SELECT' ? 'change' : 'input'));",
        name,
        value,
    )
    if not name.endswith(("namespace", "role")):
        time.sleep(0.14)


def pairs(driver: WebDriver) -> str:
    return next(text.partition("pairs: ")[2] for text in texts(driver, "#map .count"))
