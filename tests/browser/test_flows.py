"""What people do, in a real browser: sign in, write, like, ask why, say no, scroll, hear news, use the keyboard."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import PHONE

Open = Callable[..., Any]


def say(page: Any, text: str) -> None:
    page.locator("[data-composer] textarea[name=text]").first.fill(text)
    page.locator("[data-composer] button[type=submit]").first.click()


def test_a_visitor_reads_and_is_invited(visit: Open) -> None:
    page = visit().go("/")
    expect(page.locator(".post").first).to_be_visible()
    expect(page.get_by_role("link", name="Join").first).to_be_visible()


def test_writing_a_post_shows_it_at_once(visit: Open) -> None:
    page = visit("mara_quill").page
    words = f"Slug patrol report {uuid.uuid4().hex[:8]}"
    say(page, words)
    expect(page.locator(".post", has_text=words).first).to_be_visible()
    page.reload()
    page.goto(page.url + "?tab=following")
    expect(page.locator(".post", has_text=words).first).to_be_visible()


def test_a_draft_survives_a_reload(visit: Open) -> None:
    page = visit("mara_quill").page
    words = f"half a thought {uuid.uuid4().hex[:8]}"
    box = page.locator("[data-composer] textarea[name=text]").first
    box.fill(words)
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.locator("[data-composer] textarea[name=text]").first).to_have_value(words)
    page.locator("[data-composer] textarea[name=text]").first.fill("")
    page.wait_for_timeout(1500)


def test_a_like_counts_in_place_and_is_taken_back(visit: Open) -> None:
    page = visit("priya_lanterman").go("/?tab=local")
    card = page.locator(".post:not(:has([data-key=l].on))").first
    post = card.get_attribute("data-post")
    button = page.locator(f'[data-post="{post}"] [data-key="l"]').first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_every_ranked_post_says_why(visit: Open) -> None:
    page = visit("mara_quill").page
    posts, reasons = page.locator("#posts .post").count(), page.locator("#posts .why-link").count()
    assert posts >= 15
    assert reasons == posts
    page.locator(".why-link").first.click()
    panel = page.locator(".why-panel section.why").first
    expect(panel).to_be_visible()
    assert panel.locator(".why-bars li").count() >= 2


def test_not_interested_is_undone(visit: Open) -> None:
    page = visit("wendell_okoro").page
    card = page.locator("#posts .post").nth(2)
    post = card.get_attribute("data-post")
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name="Not interested").click()
    undo = page.locator(".undo", has=page.get_by_role("button", name="Undo")).first
    expect(undo).to_be_visible()
    expect(page.locator(f'#posts [data-post="{post}"]')).to_have_count(0)
    undo.get_by_role("button", name="Undo").click()
    expect(page.locator(".undo button")).to_have_count(0)


def test_scrolling_never_repeats_a_post_and_going_back_keeps_the_place(visit: Open) -> None:
    page = visit("benoit_carr").page
    for _ in range(3):
        before = page.locator("#posts .post").count()
        page.mouse.wheel(0, 30_000)
        page.wait_for_function("n => document.querySelectorAll('#posts .post').length > n", arg=before)
    ids = page.locator("#posts .post").evaluate_all("cards => cards.map(card => card.dataset.post)")
    assert len(ids) >= 60
    assert len(ids) == len(set(ids))
    target = page.locator("#posts .post").nth(40)
    target.scroll_into_view_if_needed()
    target.locator("time").first.click()
    page.wait_for_url(re.compile(r"/@\w+/\d+"))
    page.go_back()
    expect(page.locator(f'#posts [data-post="{ids[40]}"]')).to_be_in_viewport()


def test_new_posts_announce_themselves(visit: Open) -> None:
    reader, writer = visit("rosa_delmonte").go("/?tab=local"), visit("tariq_boone").page
    reader.wait_for_timeout(1000)
    words = f"Fresh from the pitch {uuid.uuid4().hex[:8]}"
    say(writer, words)
    pill = reader.locator("[data-news-pill] button")
    expect(pill).to_be_visible()
    pill.click()
    expect(reader.locator(".post", has_text=words).first).to_be_visible()


def test_a_dropped_line_comes_back_and_has_missed_nothing(visit: Open) -> None:
    away = visit("rosa_delmonte")
    reader, writer = away.go("/?tab=local"), visit("tariq_boone").page
    reader.wait_for_timeout(1000)
    away.context.set_offline(True)
    say(writer, f"While you were out {uuid.uuid4().hex[:8]}")
    expect(writer.locator("#posts .post").first).to_be_visible()
    away.context.set_offline(False)
    expect(reader.locator("[data-news-pill] button")).to_be_visible(timeout=30_000)
    away.faults.clear()  # the lost connection itself is told on the console


def test_the_keyboard_alone(visit: Open) -> None:
    page = visit("mara_quill").go("/?tab=local")
    page.keyboard.press("j")
    page.keyboard.press("j")
    here = page.locator(".post.here")
    expect(here).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("[data-say]").first).to_be_focused()


def test_deleting_offers_an_undo(visit: Open) -> None:
    page = visit("mara_quill").page
    words = f"Regretted at once {uuid.uuid4().hex[:8]}"
    say(page, words)
    card = page.locator(".post", has_text=words).first
    card.locator(".post-menu summary").click()
    card.get_by_role("link", name="Delete").click()
    undo = page.locator(".undo").first
    expect(undo).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # leaving at once would cut it off
        undo.get_by_role("button", name="Undo").click()
    page.wait_for_load_state()
    page.goto(page.url.split("?")[0] + "@mara_quill" if page.url.endswith("/") else page.url)
    expect(page.locator(".post", has_text=words).first).to_be_visible()


def test_everything_works_without_javascript(visit: Open, address: str) -> None:
    page = visit("mara_quill", java_script_enabled=False).page
    words = f"No script needed {uuid.uuid4().hex[:8]}"
    say(page, words)
    page.goto(page.url.split("?")[0].rstrip("/") + "/?tab=following" if "/@" not in page.url else page.url)
    expect(page.locator(".post", has_text=words).first).to_be_visible()
    card = page.locator(".post", has_text=words).first
    card.locator("[data-key=l]").click()
    expect(page.locator(".post", has_text=words).first.locator("[data-key=l]")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.goto(address + "/?tab=local")
    first = page.locator(".post").first.get_attribute("data-post")
    page.locator("a.more-posts").first.click()
    expect(page.locator(f'[data-post="{first}"]')).to_have_count(0)
    assert page.locator(".post").count() >= 5


def test_the_pages_speak_chinese(visit: Open) -> None:
    page = visit("lin_yue", PHONE, language="zh-hans").page
    expect(page.locator("nav.tabs")).to_contain_text("为你")


def test_too_long_a_post_is_kept_and_explained(visit: Open) -> None:
    page = visit("mara_quill").go("/compose")
    words = "tomato " * 80
    say(page, words)
    expect(page.get_by_text(re.compile("too long")).first).to_be_visible()
    expect(page.locator("textarea[name=text]").first).to_have_value(words)
    page.locator("textarea[name=text]").first.fill("")
    page.wait_for_timeout(1200)


def test_writing_on_the_page_for_writing_leads_to_the_post(visit: Open) -> None:
    page = visit("mara_quill").go("/compose")
    words = f"Written at leisure {uuid.uuid4().hex[:8]}"
    say(page, words)
    page.wait_for_url(re.compile(r"/@mara_quill/\d+"))
    expect(page.locator(".post", has_text=words).first).to_be_visible()
