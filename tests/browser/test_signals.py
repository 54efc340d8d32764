"""What is measured of reading and opening, in a real browser: nothing without consent, and only what was chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Any]
WHO = "benoit_carr"
# Of what the site keeps about oneself: acts that were measured, and times of reading.
MEASURED = """async () => {
  const kept = await (await fetch("/you/data")).json();
  const done = kept.done_after_seeing.map((one) => one.what + " " + one.post);
  return {done, read: kept.read_for.map((one) => one.post)};
}"""
UNTIL_KEPT = """async ([part, what]) => {
  const kept = await (await fetch("/you/data")).json();
  const read = kept.read_for.map((one) => one.post);
  const done = kept.done_after_seeing.map((one) => one.what + " " + one.post);
  return (part === "read" ? read : done).includes(what);
}"""


def choose(page: Page, address: str, words: str, **switches: bool) -> None:
    """On the page of privacy: which signs count, and any switch by its words."""
    page.goto(f"{address}/you/privacy")
    page.get_by_label(words, exact=True).check()
    for label, on in switches.items():
        page.locator(f"input[name={label}]").set_checked(on)
    page.locator("main form button").first.click()
    expect(page.get_by_text("Saved.").first).to_be_visible()


@pytest.fixture
def reader(visit: Open, address: str) -> Iterator[Page]:
    """Somebody who lets the site learn, but only from what they say on purpose."""
    page = visit(WHO).page
    choose(page, address, "Only what I say on purpose", behaviour=True, training=True)
    yield page
    choose(page, address, "Also how long I read", behaviour=True, training=True)


def read_and_open(page: Page, address: str) -> str:
    """Reads the first post for over a second, then opens its conversation."""
    page.goto(f"{address}/")
    card = page.locator("#posts .post[data-impression]").first
    card.scroll_into_view_if_needed()
    page.wait_for_function("start => performance.now() > start + 1600", arg=page.evaluate("performance.now()"))
    post = str(card.get_attribute("data-post"))
    card.locator(".facts a").first.click()
    page.wait_for_url(re.compile(rf"/@\w+/{post}$"))
    return post


def test_explicit_only_measures_nothing(reader: Page, address: str) -> None:
    told: list[str] = []
    reader.on("request", lambda request: told.append(request.url) if request.url.endswith("/seen") else None)
    post = read_and_open(reader, address)
    reader.goto(f"{address}/")
    measured = reader.evaluate(MEASURED)
    assert told == []
    assert measured["read"] == []
    assert [row for row in measured["done"] if row.startswith(("open ", "link "))] == []
    # The server refuses what a page would tell nevertheless.
    impression = reader.locator(".post[data-impression]").first.get_attribute("data-impression")
    reader.evaluate(
        """async (id) => {
          const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
          const body = JSON.stringify({items: [{impression: id, ms: 5000}], links: [id]});
          const answer = await fetch("/seen", {method: "POST", body, headers: {"X-CSRFToken": token}});
          if (answer.status !== 204) throw new Error(answer.status);
        }""",
        impression,
    )
    assert reader.evaluate(MEASURED) == measured
    assert f"open {post}" not in measured["done"]


def test_opening_and_reading_are_kept_once_they_are_allowed(reader: Page, address: str) -> None:
    choose(reader, address, "Also how long I read")
    post = read_and_open(reader, address)
    assert "impression" not in reader.url
    reader.wait_for_function(UNTIL_KEPT, arg=["done", f"open {post}"])
    reader.wait_for_function(UNTIL_KEPT, arg=["read", post])
    # A link in the words of the post that was opened.
    reader.locator(".post.whole .text").evaluate(
        "text => { const link = document.createElement('a'); link.className = 'link'; link.href = '/about';"
        " link.textContent = 'a link of theirs'; text.append(link); }"
    )
    reader.get_by_text("a link of theirs").click()
    reader.wait_for_url(re.compile("/about$"))
    reader.wait_for_function(UNTIL_KEPT, arg=["done", f"link {post}"])
    # Choosing less deletes what was kept.
    choose(reader, address, "Only what I say on purpose")
    measured = reader.evaluate(MEASURED)
    assert measured["read"] == []
    assert [row for row in measured["done"] if row.startswith(("open ", "link "))] == []


def test_addresses_to_copy_are_clean_and_going_back_is_no_second_opening(reader: Page, address: str) -> None:
    choose(reader, address, "Also what I open")
    reader.goto(f"{address}/")
    link = reader.locator("#posts .post[data-impression] .facts a").first
    assert "impression" not in str(link.get_attribute("href"))
    post = read_and_open(reader, address)
    assert reader.locator("link[rel=canonical]").get_attribute("href") == reader.url
    reader.go_back()
    expect(reader.locator(f'#posts [data-post="{post}"]')).to_have_count(1)
    assert [row for row in reader.evaluate(MEASURED)["done"] if row == f"open {post}"] == [f"open {post}"]


def test_opening_counts_without_javascript(reader: Page, visit: Open, address: str) -> None:
    choose(reader, address, "Also what I open")
    plain = visit(WHO, java_script_enabled=False).page
    card = plain.locator("#posts .post[data-impression]").first
    post = card.get_attribute("data-post")
    card.locator(".facts a").first.click()
    plain.wait_for_url(re.compile(rf"/{post}\?impression=\d+$"))
    reader.wait_for_function(UNTIL_KEPT, arg=["done", f"open {post}"])


def test_leaving_training_is_saved_and_said(reader: Page, address: str) -> None:
    expect(reader.get_by_text("from the next night on")).to_be_visible()
    choose(reader, address, "Only what I say on purpose", training=False)
    expect(reader.locator("input[name=training]")).not_to_be_checked()
    row = reader.locator("table tbody tr").first
    expect(row).to_contain_text("train the site's models with my acts")
    expect(row).to_contain_text("off")


def test_hiding_a_post_and_its_undo(visit: Open) -> None:
    page = visit("wendell_okoro").page
    card = page.locator("#posts .post:has(button:has-text('Hide this post'))").nth(3)
    post = card.get_attribute("data-post")
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name="Hide this post").click()
    undo = page.locator(".undo", has=page.get_by_role("button", name="Undo")).first
    expect(undo).to_be_visible()
    expect(page.locator(f'#posts [data-post="{post}"]')).to_have_count(0)
    undo.get_by_role("button", name="Undo").click()
    expect(page.locator(f'#posts [data-post="{post}"]')).to_have_count(1)
