"""The keys of the page, pressed in a real browser, from a file as an operator opens it."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tasks.report.page import render_page
from tasks.report.timeline import timeline_of
from tests.tasks.report.test_page import event, report, video

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = [
    words
    for words, there in (
        ("no chromium (apt-get install chromium)", CHROMIUM),
        ("no playwright (pip install -e .[dev])", find_spec("playwright")),
    )
    if not there
]
pytestmark = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("REQUIRE_CHROMIUM") != "1", reason=", ".join(MISSING)
)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    assert not MISSING, f"REQUIRE_CHROMIUM=1, but {MISSING}"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: "Browser", tmp_path: Path) -> Iterator["Page"]:
    document = report(video(event(10, 3.0), event(50, 2.0), event(80, 1.0) | {"verdict": "normal"}))
    timeline = timeline_of(np.arange(100) / 10, np.full(100, 0.25))
    (tmp_path / "report.html").write_text(render_page(document, [timeline]), encoding="utf-8")
    context = browser.new_context()
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto((tmp_path / "report.html").as_uri())
    yield opened
    context.close()
    assert complaints == []


def press(page: "Page", keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def verdicts(page: "Page") -> list[str | None]:
    rows = page.locator("tr[data-event]").all()
    return [row.get_attribute("data-verdict") for row in rows]


def chosen(page: "Page") -> str | None:
    name: str | None = page.locator("tr[aria-current]").get_attribute("data-event")
    return name


def test_keys_move_and_mark(page: "Page") -> None:
    assert verdicts(page) == ["", "", "normal"]
    press(page, "n")
    assert verdicts(page) == ["", "", "normal"], "nothing was chosen yet"
    assert chosen(page) == "event-10"
    press(page, "n j a ArrowDown a")
    assert verdicts(page) == ["normal", "anomaly", "anomaly"]
    assert page.locator("#tally").text_content() == "3 of 3 marked: 1 normal, 2 anomalies"
    press(page, "j j u k ArrowUp u k")
    assert chosen(page) == "event-10"
    assert verdicts(page) == ["", "anomaly", "normal"], "a verdict of earlier stays"
    press(page, "Control+n Control+a")
    assert verdicts(page) == ["", "anomaly", "normal"]


def test_marks_are_kept_when_the_page_is_opened_again(page: "Page") -> None:
    press(page, "j n j a")
    page.reload()
    assert verdicts(page) == ["normal", "anomaly", "normal"]
    stored = page.evaluate("Object.keys(localStorage)")
    assert stored == ["nightjar verdicts r-1"]


def test_verdicts_are_saved_as_a_table(page: "Page") -> None:
    assert page.locator("#save").is_disabled()
    page.locator("button[data-mark=anomaly]").first.click()
    press(page, "j n")
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == "feedback.csv"
    saved = Path(download.value.path()).read_bytes()
    assert saved == b"event_id,verdict\r\nevent-10,anomaly\r\nevent-50,normal\r\n"
    assert page.locator("#command").is_visible()
    assert page.locator("#command").text_content() == "nightjar feedback --file feedback.csv"


def test_help_opens_and_closes_and_holds_the_other_keys_back(page: "Page") -> None:
    press(page, "j ?")
    assert page.locator("#keys").is_visible()
    press(page, "n")
    assert verdicts(page)[0] == ""
    press(page, "?")
    assert page.locator("#keys").is_hidden()
    page.locator("#show-keys").click()
    press(page, "Escape")
    assert page.locator("#keys").is_hidden()
    page.locator("#show-keys").click()
    page.locator("#hide-keys").click()
    assert page.locator("#keys").is_hidden()
