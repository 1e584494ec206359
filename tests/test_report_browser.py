"""The report page in a real browser: no errors, sorting, zooming, layers, every input."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from seas import BOATS, write_tif
from test_report import SEA, make_page, sea_boats

from pdn_geo.detections import Detections

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESK, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports by name: of a few boats, and of none."""
    made = {}
    for name, boats in (("boats", sea_boats()), ("empty", Detections.empty())):
        folder = tmp_path_factory.mktemp(name)
        scene = write_tif(folder / "sea.tif", SEA.values)
        made[name] = make_page(folder, scene, boats, missed_at_most=4.0)
    return made


@pytest.fixture
def opened(browser, pages):
    """A function that opens a report; whatever the browser complains of fails the test."""
    complaints, contexts = [], []

    def open_page(name: str = "boats", *, viewport=DESK, **options):
        context = browser.new_context(viewport=viewport, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        requests = []
        page.goto(pages[name].as_uri())
        wait_until(page, lambda: page.locator("html.scripted").count() == 1)
        outside = [url for url in requests if not url.startswith(("data:", pages[name].as_uri()))]
        assert outside == []
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def keep(tmp_path):
    """A function that keeps a screenshot where CI collects them."""
    folder = Path(os.environ.get("PDN_GEO_ARTEFACTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def screenshot(page, name: str) -> None:
        page.screenshot(path=folder / f"report-{name}.png", full_page=True)

    return screenshot


def wait_until(page, holds) -> None:
    """Playwright's own waiting evaluates text, which the page's policy forbids."""
    for _ in range(600):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


def view_of(page) -> tuple[float, float, float, float]:
    """Left, top, width, height of what the map shows, in scene pixels."""
    return tuple(map(float, page.get_attribute("#view", "viewBox").split()))


def middle_of(page) -> tuple[float, float]:
    left, top, width, height = view_of(page)
    return left + width / 2, top + height / 2


def on_screen(page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the scene lies on the screen."""
    left, top, width, _ = view_of(page)
    frame = page.locator("#map").bounding_box()
    zoom = frame["width"] / width
    return frame["x"] + (x - left) * zoom, frame["y"] + (y - top) * zoom


def in_scene(page, x: float, y: float) -> tuple[float, float]:
    """The place of the scene at a place of the screen."""
    left, top, width, _ = view_of(page)
    frame = page.locator("#map").bounding_box()
    zoom = frame["width"] / width
    return left + (x - frame["x"]) / zoom, top + (y - frame["y"]) / zoom


def column(page, index: int) -> list[str]:
    return page.locator(f"#boats tbody tr > :nth-child({index + 1})").all_inner_texts()


def test_page_opens_on_the_whole_scene(opened, keep) -> None:
    page = opened()
    left, top, width, height = view_of(page)
    assert left <= 0
    assert top <= 0
    assert left + width >= 960
    assert top + height >= 960
    assert page.inner_text("#scale") == "100 m"
    assert page.is_hidden("#card")
    keep(page, "light")


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(opened) -> None:
    page = opened()
    heading = page.get_by_role("button", name="Length, m")
    heading.click()
    falling = [float(text) for text in column(page, 2)]
    assert falling == sorted(BOATS[:, 2], reverse=True)
    assert page.locator("#boats th[aria-sort]").all_inner_texts() == ["Length, m"]
    heading.click()
    assert [float(text) for text in column(page, 2)] == falling[::-1]
    page.get_by_role("button", name="Rank by score").press("Enter")
    assert column(page, 0) == ["1", "2", "3", "4", "5"]


def test_a_click_on_a_row_zooms_to_the_boat_and_shows_its_chip(opened, keep) -> None:
    page = opened()
    page.click("#boat-3 td:nth-child(3)")
    x, y, length = BOATS[2, :3]
    assert middle_of(page) == pytest.approx((x, y), abs=0.1)
    assert min(view_of(page)[2:]) == pytest.approx(max(7 * length, 170), rel=0.01)
    assert page.inner_text("#card h3") == "Boat 3"
    chip = page.get_attribute('.chip[data-boat="3"] image', "href")
    assert page.get_attribute("#card svg image", "href") == chip
    assert page.get_attribute("#detail image", "href") == chip
    assert "24.0" in page.inner_text("#card dl")
    selected = page.locator(".selected")
    assert selected.evaluate_all("all => all.map((one) => one.dataset.boat)") == ["3", "3", "3"]
    keep(page, "boat")
    page.get_by_role("button", name="Next boat").click()
    assert page.inner_text("#card h3") == "Boat 4"
    page.keyboard.press("Escape")
    assert page.is_hidden("#card")
    assert selected.count() == 0


def test_marks_and_chips_choose_a_boat_too(opened) -> None:
    page = opened()
    page.mouse.click(*on_screen(page, *BOATS[1, :2]))
    assert page.inner_text("#card h3") == "Boat 2"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show boat 3 in the scene").click()
    assert page.inner_text("#card h3") == "Boat 3"
    assert page.locator("#map").evaluate("map => map.getBoundingClientRect().top") < 700


def test_layers_can_be_switched(opened) -> None:
    page = opened()
    for name, layer in (("Boats", "boats"), ("Looks", "looks"), ("Unsearched", "unsearched")):
        shapes = page.locator(f"#layer-{layer}").locator("path, rect").first
        assert shapes.is_visible()
        page.get_by_role("checkbox", name=name).uncheck()
        assert shapes.is_hidden()
        page.get_by_role("checkbox", name=name).check()
        assert shapes.is_visible()


def test_wheel_zooms_about_the_pointer_and_dragging_moves(opened) -> None:
    page = opened()
    before = tuple(map(round, on_screen(page, 300, 700)))
    place = in_scene(page, *before)
    page.mouse.move(*before)
    page.mouse.wheel(0, -400)
    wait_until(page, lambda: view_of(page)[3] < 700)
    assert on_screen(page, *place) == pytest.approx(before, abs=0.5)
    page.mouse.down()
    page.mouse.move(before[0] + 90, before[1] - 60, steps=4)
    page.mouse.up()
    assert on_screen(page, *place) == pytest.approx((before[0] + 90, before[1] - 60), abs=0.5)


def test_two_fingers_pinch(opened) -> None:
    page = opened(has_touch=True)
    touch = page.context.new_cdp_session(page)
    x, y = on_screen(page, 480, 480)

    def fingers(kind: str, *apart: float) -> None:
        points = [{"x": x + a, "y": y, "id": i} for i, a in enumerate(apart)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    width = view_of(page)[2]
    fingers("touchStart", -50, 50)
    for reach in (60, 75, 100):
        fingers("touchMove", -reach, reach)
    fingers("touchEnd")
    wait_until(page, lambda: view_of(page)[2] < 0.6 * width)
    assert view_of(page)[2] == pytest.approx(width / 2, rel=0.05)
    assert middle_of(page) == pytest.approx((480, 480), abs=8)


def test_keys_move_and_zoom(opened) -> None:
    page = opened()
    whole = view_of(page)
    page.focus("#map")
    for _ in range(4):
        page.keyboard.press("+")
    near = view_of(page)
    assert near[2] == pytest.approx(whole[2] / 1.6**4)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    step = 80 * near[2] / page.locator("#map").bounding_box()["width"]
    assert view_of(page)[:2] == pytest.approx((near[0] + step, near[1] + step), abs=0.02)
    page.keyboard.press("0")
    assert view_of(page) == pytest.approx(whole)


def test_least_score_hides_rows_marks_and_chips(opened) -> None:
    page = opened()
    page.get_by_label("Score from").fill("0.7")
    assert page.inner_text("#shown") == "3 of 5"
    for kind in ("tbody tr", ".boat", ".chip"):
        visible = page.locator(kind + "[data-boat]").evaluate_all(
            "all => all.filter((one) => getComputedStyle(one).display !== 'none').length"
        )
        assert visible == 3, kind


def test_dark_scheme_turns_paper_and_ink(opened, keep) -> None:
    levels = {}
    for scheme in ("light", "dark"):
        page = opened(color_scheme=scheme)
        styles = page.evaluate(
            "[getComputedStyle(document.body)].map(s => [s.backgroundColor, s.color])[0]"
        )
        levels[scheme] = [sum(map(int, re.findall(r"\d+", style)[:3])) / 3 for style in styles]
    assert levels["light"][0] - levels["light"][1] > 150
    assert levels["dark"][1] - levels["dark"][0] > 150
    keep(page, "dark")


def test_phone_is_not_scrolled_sideways(opened, keep) -> None:
    page = opened(viewport=PHONE, has_touch=True, is_mobile=True)
    page.tap("#boat-2 td:nth-child(2)")
    assert page.is_visible("#card")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    keep(page, "phone")


def test_print_leaves_out_the_controls_and_nothing_else(opened, tmp_path) -> None:
    page = opened(color_scheme="dark")
    page.emulate_media(media="print")
    for selector in (".bar", ".buttons"):
        assert page.locator(selector).first.is_hidden()
    assert page.locator("#boat-5").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")


def test_empty_result_is_a_page_that_works(opened, keep) -> None:
    page = opened("empty")
    assert page.get_by_text("No boats found.", exact=True).is_visible()
    width = view_of(page)[2]
    page.get_by_role("button", name="Zoom in").click()
    assert view_of(page)[2] == pytest.approx(width / 1.6)
    page.get_by_role("button", name="Show the whole scene").click()
    assert view_of(page)[2] == pytest.approx(width)
    keep(page, "empty")
