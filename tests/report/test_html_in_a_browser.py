"""The HTML report in a real Chromium without a window: clicks, filters, keys, darkness and paper."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from html_browser import Opened, found, pairs, put, texts
from test_html_page import hostile

from npverify.report.html.flow_map import OUTSIDE, FlowMap, Group, Place
from npverify.report.html.page import html
from npverify.report.items import Report
from npverify.report.places import Root

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

By = pytest.importorskip(
    "selenium.webdriver.common.by", reason="selenium drives the browser; it is in the extra `dev`"
).By
Keys = pytest.importorskip("selenium.webdriver").Keys


def test_answers_are_filtered_by_kind_and_by_words(opened: Opened) -> None:
    """One that is folded opens by a click and by a key."""
    page = opened("prove")
    assert texts(page, "#answer-filters .count") == ["13 of 13 shown"]
    found(page, "#answer-filters input[value=passed]")[0].click()
    assert len(found(page, "details.answer")) == 1
    found(page, "#answer-filters input[value=passed]")[0].click()
    put(page, "answer-search", "resolve names")
    assert len(found(page, "details.answer")) == 2
    put(page, "answer-search", "no such words")
    assert texts(page, "#no-answers") == ["No answer fits these filters."]
    put(page, "answer-search", "")
    folded = found(page, "details.answer.passed")[0]
    folded.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert folded.get_attribute("open") is not None


def test_a_cell_tells_what_passes(opened: Opened) -> None:
    """By a click, and by arrows and Enter alone; one cell is in the order of the tabulator key."""
    page = opened("prove")
    heads = texts(page, ".matrix tbody th")
    assert heads[:2] == ["blog/wordpress", "kube-system/coredns"]
    cells = found(page, ".matrix tbody tr:nth-child(4) td")
    assert heads[3] == "shop/api"
    cells[4].click()
    assert texts(page, ".detail h3") == ["shop/api → shop/db"]
    assert "TCP 5432" in texts(page, ".detail li")[0]
    assert "--from deployment/shop/api --to statefulset/shop/db --port PORT" in texts(page, ".detail code")[0]
    for key in (Keys.ARROW_UP, Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ENTER):
        page.switch_to.active_element.send_keys(key)
    assert texts(page, ".detail h3") == ["monitoring/prometheus → kube-system/coredns"]
    assert len(page.find_elements(By.CSS_SELECTOR, ".matrix td[tabindex='0']")) == 1
    assert len(page.find_elements(By.CSS_SELECTOR, ".matrix td[aria-selected=true]")) == 1


def test_everything_can_be_reached_by_the_keyboard_and_has_a_name(opened: Opened) -> None:
    """ARIA: every field has a label, tabs go by arrows, nodes are buttons with a name and a focus that one sees."""
    page = opened("prove")
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('input,select,button,[role=grid],[role=button],[role=region]')]"
        ".filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label'))"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []
    found(page, "#tab-matrix")[0].send_keys(Keys.ARROW_RIGHT)
    assert page.switch_to.active_element.get_attribute("id") == "tab-graph"
    assert found(page, "#view")[0].get_attribute("aria-labelledby") == "tab-graph"
    page.switch_to.active_element.send_keys(Keys.TAB)
    first = page.switch_to.active_element
    assert first.get_attribute("role") == "button"
    first.send_keys(Keys.ARROW_RIGHT)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert texts(page, ".detail h3") == ["kube-system/coredns"]
    width = page.execute_script(
        "return getComputedStyle(document.querySelector('.node:focus-visible circle')).strokeWidth"
    )
    assert width == "6px"
    assert found(page, ".graph path.edge.on")


def test_flows_are_filtered_by_namespace_workload_port_and_verdict(opened: Opened) -> None:
    """Numbers of examples/shop that one can count by hand: six workloads, of which three are of the shop."""
    page = opened("prove")
    assert pairs(page) == "17 everything, 10 some ports, 15 nothing"
    put(page, "f-workload", "shop/db")
    put(page, "f-role", "from")
    assert pairs(page) == "0 everything, 1 some ports, 4 nothing"
    put(page, "f-role", "to")
    assert pairs(page) == "3 everything, 1 some ports, 1 nothing"
    put(page, "f-port", "tcp/5432")
    assert pairs(page) == "3 everything, 1 some ports, 1 nothing"
    put(page, "f-port", "udp/5432")
    assert pairs(page) == "3 everything, 0 some ports, 2 nothing"
    found(page, "#map fieldset input[value='2']")[0].click()
    assert pairs(page) == "3 everything, 0 some ports"
    put(page, "f-port", "no port")
    assert found(page, "#f-port")[0].get_attribute("aria-invalid") == "true"
    put(page, "f-port", "1")
    put(page, "f-namespace", "blog")
    assert texts(page, "#view p") == ["No flow fits these filters."]


def test_a_namespace_is_folded_and_unfolded(opened: Opened) -> None:
    """A folded one is one row with a number in its cells."""
    page = opened("prove")
    (fold,) = (button for button in found(page, ".fold, .filters button") if button.text == "Fold all")
    fold.click()
    assert "▸ shop (3)" in texts(page, ".matrix tbody th")
    (shop,) = (button for button in found(page, ".matrix tbody th button") if "shop" in button.text)
    assert shop.get_attribute("aria-expanded") == "false"
    shop.send_keys(Keys.ENTER)
    assert "shop/db" in texts(page, ".matrix tbody th")
    assert "▸ outside addresses (2)" in texts(page, ".matrix thead th")


def test_a_folded_cell_has_the_colour_of_most_of_its_pairs(opened: Opened, folder: Path) -> None:
    """A line below tells of other verdicts; it is pale where most pairs may send nothing."""
    names = [("a", "n"), ("b", "n"), ("c", "n"), ("z", "m"), ("y", "m"), ("192.0.2.7/32", OUTSIDE)]
    places = tuple(
        Place(name, space, "block" if space == OUTSIDE else "Pod", space != OUTSIDE) for name, space in names
    )
    groups = (
        Group((0,), (3,), "everything", (("TCP", 0, 65535),), 0),
        Group((1, 2), (3, 4), "TCP 80", (("TCP", 80, 80),), 1),
        Group((3,), (0,), "TCP 80", (("TCP", 80, 80),), 1),
        Group((3,), (5,), "everything", (("TCP", 0, 65535),), 0),
    )
    flows = FlowMap("connectivity", "Who", places, groups)
    text = "".join(html(Report("connectivity", "", (), ()), Root(folder), "1", flows=flows))
    (folder / "folded.html").write_text(text, encoding="utf-8")
    page = opened("folded")
    found(page, ".matrix tbody tr:nth-child(4) td")[-1].click()
    assert "--from pod/m/z --to 192.0.2.7 --port PORT" in texts(page, ".detail code")[0]
    page.execute_script("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Fold all').click()")
    cells = [(cell.text, cell.get_attribute("class")) for cell in found(page, ".matrix tbody td")]
    assert cells == [
        ("·", "v2 wide"),  # n to n: nothing
        ("5", "v1 wide mixed o0"),  # n to m: four some ports, one everything, one nothing
        ("", ""),
        ("1", "v1 wide few"),  # m to n: one of six
        ("·", "v2 wide"),
        ("1", "v0 wide"),  # outside addresses have no pairs without anything
    ]
    found(page, ".matrix tbody td")[1].click()
    assert texts(page, ".detail p")[0] == "1 everything, 4 some ports, 1 nothing"
    assert [line.partition(" ●")[0].partition(" ◐")[0] for line in texts(page, ".detail li")] == [
        "everything",
        "TCP 80",
    ]


def test_a_diff_shows_what_opens_and_links_to_why(opened: Opened) -> None:
    """The link unfolds the answer that names the edit."""
    page = opened("diff")
    assert texts(page, "#map .legend li")[:3] == ["+ opened", "− closed", "~ changed"]
    found(page, ".matrix td.v0")[0].click()
    link = found(page, ".detail a")[0]
    target = (link.get_attribute("href") or "").rpartition("#")[2]
    link.click()
    time.sleep(0.1)
    assert page.find_element(By.ID, target).get_attribute("open") is not None
    assert page.execute_script("return document.activeElement.parentNode.id") == target


def contrast(page: WebDriver, selector: str) -> float:
    """The contrast of text with what is behind it (WCAG 2.1, 1.4.3)."""
    value = page.execute_script(
        """
        const rgba = (text) => {
          const [r, g, b, a] = text.match(/[\\d.]+(?:e-\\d+)?/g).map(Number);
          return [...(text.startsWith("rgb") ? [r / 255, g / 255, b / 255] : [r, g, b]), a === undefined ? 1 : a];
        };
        const over = (top, below) => below.map((v, n) => top[n] * top[3] + v * (1 - top[3]));
        const light = (c) => c.map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
          .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
        const element = document.querySelector(arguments[0]);
        const below = [];
        for (let e = element; e !== null; e = e.parentElement) below.unshift(rgba(getComputedStyle(e).backgroundColor));
        const back = below.reduce((paper, top) => over(top, paper), [1, 1, 1]);
        const paper = light(back);
        const ink = light(over(rgba(getComputedStyle(element).color), back));
        return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        """,
        selector,
    )
    return float(value)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_the_light_and_in_the_dark(scheme: str, opened: Opened, browser: WebDriver) -> None:
    """At least 4.5 to 1, as WCAG asks at level AA."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    try:
        page = opened("prove")
        dark = page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 25)"
        assert dark == (scheme == "dark")
        for selector in ("body", ".muted", ".where", ".badge.failed", ".badge.passed", ".legend .v0", ".legend .v1"):
            assert contrast(page, selector) >= 4.5, selector
        for selector in (".matrix td.v0", ".matrix td.v1", ".matrix td.v2", ".filters label", ".detail .muted"):
            assert contrast(page, selector) >= 4.5, selector
        page.execute_script("document.querySelector('.locate').click()")
        for selector in (".matrix th.on", ".aim a", ".detail .mark", ".detail .mark span", ".legend .mark", "td.focus"):
            assert contrast(page, selector) >= 4.5, selector
        page = opened("diff")
        for selector in (".matrix td.v0", ".matrix td.v1", ".matrix td.v2"):
            assert contrast(page, selector) >= 4.5, selector
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_page_prints_its_answers_unfolded(opened: Opened) -> None:
    """A printed page has what failed; fields to fill in are not on paper."""
    page = opened("prove")
    page.execute_script("for (const one of document.querySelectorAll('details.answer')) one.open = false")
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.find_element(By.CSS_SELECTOR, "details.failed").get_attribute("open") is not None
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.find_element(By.CSS_SELECTOR, "details.failed").get_attribute("open") is None
    printed = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") in range(1, 6)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert found(page, ".filters") == []
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_narrow_screen_does_not_scroll_sideways(opened: Opened, browser: WebDriver) -> None:
    """390 pixels, as a telephone has."""
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page = opened("prove")
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_a_script_the_facts_are_there(opened: Opened, browser: WebDriver) -> None:
    """Answers and a table of flows; nothing that would do nothing."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = opened("prove")
        assert found(page, "details.failed pre.source")
        assert texts(page, "#map-plain thead th")[:3] == ["From", "To", "What"]
        assert found(page, "#map-plain tbody tr")
        assert found(page, ".filters") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_names_do_nothing(opened: Opened, folder: Path) -> None:
    """Not in the page and not in what the script draws of it; and the policy of the page stops a script that is put in."""
    report, flows = hostile()
    (folder / "hostile.html").write_text("".join(html(report, Root(folder), "1.0", flows=flows)), encoding="utf-8")
    page = opened("hostile")
    for tab in ("matrix", "graph", "list"):
        found(page, f"#tab-{tab}")[0].click()
        assert page.find_elements(By.CSS_SELECTOR, "img, #map script") == []
    page.execute_script(
        "window.ran = false; const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.body.append(s)"
    )
    assert page.execute_script("return window.ran") is False
    told = [entry["message"] for entry in page.get_log("browser")]
    assert len(told) == 1
    assert "Content Security Policy" in told[0]
