"""See fewer, why, what it does, and the way back; and a step outside: in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_every_page import complaints, too_wide

Open = Callable[..., Any]


def test_fewer_is_seen_explained_and_taken_back(visit: Open) -> None:
    page = visit("tariq_boone").page
    card = page.locator("#posts .post").first
    author = card.locator(".who .handle").inner_text()
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name=f"Fewer from {author}").click()
    said = page.locator(".undo").first
    expect(said).to_contain_text("You will see fewer posts by")
    said.get_by_role("button", name="Too much of it").click()
    expect(said).to_contain_text("that is kept")
    said.get_by_role("link", name="What it does").click()
    page.wait_for_url("**/you/feedback")
    row = page.locator("li.feedback", has_text=author).first
    expect(row).to_contain_text("Removed from your home until")
    expect(row).to_contain_text("Too much of it")
    expect(row.locator("svg.recovery")).to_be_visible()
    assert complaints(page) == []
    page.goto(page.url.replace("/you/feedback", "/"))
    expect(page.locator("#posts .post").first).to_be_visible()
    expect(page.locator("#posts .who .handle", has_text=author)).to_have_count(0)
    page.goto(page.url.rstrip("/") + "/you/feedback?kind=people")
    page.locator("li.feedback", has_text=author).get_by_role("button", name="Take it back").click()
    expect(page.locator("li.feedback.undone")).to_contain_text("Taken back")
    page.reload()
    expect(page.locator("li.feedback", has_text=author)).to_have_count(0)


def test_without_scripts_it_is_taken_back_too(visit: Open) -> None:
    page = visit("wendell_okoro", PHONE, java_script_enabled=False).page
    card = page.locator("#posts .post").first
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name="Hide this post").click()
    page.get_by_role("link", name="What it does").click()
    row = page.locator("li.feedback[data-kind=hide]").first
    expect(row).to_contain_text("in none of your feeds")
    before = page.locator("li.feedback[data-kind=hide]").count()
    row.get_by_role("button", name="Take it back").click()
    expect(page.locator("li.feedback[data-kind=hide]")).to_have_count(before - 1)
    assert too_wide(page) <= 0


def test_a_step_outside(visit: Open) -> None:
    page = visit("mara_quill", PHONE).page
    page.get_by_role("link", name="Step outside").click()
    expect(page.get_by_role("link", name="Step outside")).to_have_attribute("aria-current", "page")
    expect(page.locator("#posts .why-link").first).to_contain_text("far from what you usually read")
    assert complaints(page) == []
    assert too_wide(page) <= 0
