"""The report in a real browser: nothing complains, the timeline does what it is told, names are words and no markup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import LACKING, browser, see, until
from fake_run import write_fake
from hostile import ENDS, LONG, QUOTES, SCRIPT, hostile_run

from simnet.report.report import write_report
from simnet.results.run import Results, read_run

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("runs") / "six"
    write_fake(folder, samples=200)
    return read_run(folder)


@pytest.fixture(scope="module")
def page(run: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report([run], tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def driver(page: Path, chrome: Chrome) -> Iterator[Chrome]:
    see(chrome, page)
    yield chrome
    assert chrome.get_log("browser") == []
    assert requests(chrome) <= {page.as_uri()}


def requests(driver: Chrome) -> set[str]:
    """What the browser asked for, wherever; its own pages apart."""
    events = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    asked = {one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"}
    return {url.split("#")[0] for url in asked if not url.startswith(("chrome:", "about:", "data:"))}


def shown(driver: Chrome) -> tuple[float, float, int]:
    """From when to when the timeline goes, in s, and its chosen sample."""
    found = driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => {"
        "const { from, to, sample } = document.querySelector('canvas').dataset; done([from, to, sample]); }))"
    )
    return float(found[0]), float(found[1]), int(found[2])


def press(driver: Chrome, *keys: str) -> None:
    driver.find_element("css selector", "canvas").send_keys(*keys)


def test_keys_and_wheel_zoom_and_move(driver: Chrome) -> None:
    end = 21.0  # 200 samples, one every 0.1 s, and a second more
    assert shown(driver) == pytest.approx((0, end, -1))
    press(driver, "+")
    assert shown(driver)[:2] == pytest.approx((end / 4, 3 * end / 4))
    press(driver, "\ue012")  # left: a quarter of what is seen
    assert shown(driver)[:2] == pytest.approx((end / 8, 5 * end / 8))
    press(driver, "-")
    start, stop, _ = shown(driver)
    assert stop - start == pytest.approx(end)
    press(driver, "0")
    assert shown(driver)[:2] == pytest.approx((0, end))
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    canvas = driver.find_element("css selector", "canvas")
    driver.execute_script("document.activeElement.blur()")
    ActionChains(driver).scroll_from_origin(ScrollOrigin.from_element(canvas), 0, -100).perform()
    assert shown(driver)[:2] == pytest.approx((0, end)), "without focus the wheel scrolls the page"
    canvas.click()
    ActionChains(driver).scroll_from_origin(ScrollOrigin.from_element(canvas), 0, -100).perform()
    until(driver, f"const {{from, to}} = document.querySelector('canvas').dataset; return to - from < {end - 1}")


def test_a_drag_moves_the_time_under_the_pointer(driver: Chrome) -> None:
    from selenium.webdriver import ActionChains

    press(driver, "+")
    before = shown(driver)
    canvas = driver.find_element("css selector", "canvas")
    ActionChains(driver).move_to_element(canvas).click_and_hold().move_by_offset(100, 0).release().perform()
    after = shown(driver)
    wide = canvas.size["width"] - 136  # without the names of the rows
    assert before[0] - after[0] == pytest.approx(100 / wide * (before[1] - before[0]), rel=0.02)
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    assert after[2] == -1, "a drag chooses no sample"


def test_a_sample_is_found_by_its_number(driver: Chrome, run: Results) -> None:
    field = driver.find_element("css selector", "input")
    field.send_keys("45\n")
    start, end, chosen = shown(driver)
    row = run.samples("ddnn").slice(45, 1).to_pylist()[0]
    assert chosen == 45 and start < row["captured_at"] < row["finished_at"] < end < start + 2
    cards = driver.find_elements("css selector", ".detail .card")
    assert [card.find_element("css selector", "h4").text for card in cards] == ["ddnn sample 45", "ada-ddnn sample 45"]
    steps = [span for span in run.spans("ddnn").to_pylist() if span["sample"] == 45]
    table = cards[0].find_element("css selector", "table[aria-label^='where the time went']")
    rows = [[cell.text for cell in line.find_elements("css selector", "th, td")] for line in
            table.find_elements("css selector", "tbody tr")]  # fmt: skip
    assert sorted(line[0] for line in rows) == sorted(span["place"] for span in steps)
    camera = next(span for span in steps if span["place"] == "camera1")
    (line,) = [line for line in rows if line[0] == "camera1"]
    assert line[4] == f"{1e3 * (camera['ended_at'] - camera['started_at']):.3g} ms"
    status = driver.find_element("css selector", ".status").text
    assert f"ddnn: {row['exit']}, {'right' if row['correct'] else 'wrong'}" in status
    field.clear()
    field.send_keys("200\n")
    assert driver.find_element("css selector", ".status").text == "There are samples 0 to 199."
    assert shown(driver)[2] == 45


def test_a_click_on_a_step_tells_of_its_sample_and_the_pointer_of_the_step(driver: Chrome, run: Results) -> None:
    from selenium.webdriver import ActionChains

    driver.find_element("css selector", "input").send_keys("60\n")
    press(driver, "\ue00c")  # Escape lets go of it
    assert shown(driver)[2] == -1
    start, end, _ = shown(driver)
    canvas = driver.find_element("css selector", "canvas")
    driver.execute_script("arguments[0].scrollIntoView({block: 'start'})", canvas)
    span = next(one for one in run.spans("ddnn").to_pylist() if one["sample"] == 60 and one["place"] == "camera1")
    middle = (span["started_at"] + span["ended_at"]) / 2
    width, height = canvas.size["width"], canvas.size["height"]
    across = 136 + (middle - start) / (end - start) * (width - 136)
    down = 24 + 22 + 58 + 4 + 10  # axis, the system's name, its samples, a gap, half a lane
    ActionChains(driver).move_to_element_with_offset(
        canvas, round(across - width / 2), round(down - height / 2)
    ).perform()
    tip = driver.find_element("css selector", ".tip").text
    assert tip.startswith(f"camera1: {1e3 * (span['ended_at'] - span['started_at']):.3g} ms") and "sample 60: " in tip
    ActionChains(driver).click().perform()
    assert shown(driver)[2] == 60


def test_buttons_go_to_the_slowest_and_to_wrong_answers(driver: Chrome, run: Results) -> None:
    def pushed(name: str) -> int:
        driver.find_element("css selector", f"[data-do={name}]").click()
        return shown(driver)[2]

    rows = {name: run.samples(name).to_pylist() for name in run.systems}
    slowest = max((row["latency"] or 0, -row["sample"]) for those in rows.values() for row in those)
    assert pushed("slowest") == -slowest[1]
    press(driver, "\ue00c")
    wrong = sorted({row["sample"] for those in rows.values() for row in those if row["correct"] is False})
    assert [pushed("wrong"), pushed("wrong")] == wrong[:2]
    driver.find_element("css selector", "[data-do=lost]").click()
    assert driver.find_element("css selector", ".status").text == "Every sample was answered."


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_hostile_names_are_shown_as_written(chrome: Chrome, tmp_path: Path, width: int, dark: bool) -> None:
    page = write_report([hostile_run(tmp_path / "run")], tmp_path / "report.html")
    see(chrome, page, width, dark)
    chrome.find_element("css selector", "input").send_keys("45\n")
    words = chrome.execute_script("return document.body.textContent")
    for name in (SCRIPT, QUOTES, LONG, ENDS.replace("\u2028", "\\u2028")):
        assert name in words
    assert chrome.title == f"{SCRIPT}{QUOTES} – simnet"
    assert chrome.execute_script("return document.querySelectorAll('img, main script').length") == 0
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
    assert chrome.get_log("browser") == []
    assert requests(chrome) <= {page.as_uri()}


COLOURS = (
    "const style = getComputedStyle(document.documentElement);"
    "const value = (name) => style.getPropertyValue(`--${name}`).trim();"
    "return Object.fromEntries(arguments[0].map((name) => [name, value(name)]));"
)
CORNER = "return [...document.querySelector('canvas').getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3)"
WORDS = ("ink", "muted", "accent", "fault", "busy")
MARKS = ("fill", "other", *(f"s{number}" for number in range(6)))


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_have_enough_contrast_and_the_timeline_follows(chrome: Chrome, page: Path, dark: bool) -> None:
    """WCAG 2.1: 4.5 between words and paper, 3 between marks and paper; relative luminance as defined there."""
    see(chrome, page, dark=dark)
    colours: dict[str, str] = chrome.execute_script(COLOURS, ["paper", "panel", *WORDS, *MARKS])
    assert chrome.execute_script(CORNER) == list(bytes.fromhex(colours["paper"][1:]))
    assert (luminance(colours["paper"]) < 0.1) == dark
    for below in ("paper", "panel"):
        assert {name: ratio for name in WORDS if (ratio := contrast(colours[name], colours[below])) < 4.5} == {}
    assert {name: ratio for name in MARKS if (ratio := contrast(colours[name], colours["paper"])) < 3} == {}


def contrast(one: str, other: str) -> float:
    bright, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [value / 255 for value in bytes.fromhex(colour[1:])]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_control_can_be_reached_and_has_a_name(driver: Chrome) -> None:
    nameless: list[Any] = driver.execute_script(
        "return [...document.querySelectorAll('button, input, canvas, [role=region], [role=img]')].filter((one) =>"
        "!(one.getAttribute('aria-label') || one.textContent.trim() || (one.labels && one.labels.length)))"
        ".map((one) => one.outerHTML)"
    )
    assert nameless == []
    unreachable = driver.execute_script(
        "return [...document.querySelectorAll('button, input, canvas, a, summary, .wide')]"
        ".filter((one) => one.tabIndex < 0).map((one) => one.outerHTML)"
    )
    assert unreachable == []
    press(driver, "")
    outline = driver.execute_script("return getComputedStyle(document.querySelector('canvas')).outlineWidth")
    assert outline == "3px"
