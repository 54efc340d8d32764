"""What one says about one's own page, and what comes of it: interests, sliders, see fewer, training. In a real browser,
and in the rows behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect

Open = Callable[..., Any]
Ask = Callable[[str], Any]
OF_INTERESTS = re.compile("you liked|you often|you seem to like|you asked for|as you also", re.IGNORECASE)
PLACES = 20


def shown(page: Page, address: str) -> list[str]:
    """The posts of the first page of "For you", in their order."""
    page.goto(f"{address}/")
    expect(page.locator("#posts .post").first).to_be_visible()
    ids = page.locator("#posts .post").evaluate_all("cards => cards.map(card => card.dataset.post)")
    return [str(one) for one in ids[:PLACES]]


def percent(section: Any) -> int:
    found = re.search(r"(\d+)%", section.locator(".number").inner_text())
    assert found
    return int(found[1])


def test_turning_an_interest_down_is_kept_and_restored(visit: Open, ask: Ask, address: str) -> None:
    page = visit("gradient_wen").go("/you/interests")
    section = page.locator("section.interest[data-state=learned]:has(button:has-text('Turn down'))").first
    name, before = section.locator("h3 bdi").inner_text(), percent(section)
    section.get_by_role("button", name="Turn down").click()
    expect(page.locator("section.interest[data-state=turned-down]")).to_have_count(1)
    expect(page.get_by_text("Turned down. You will see less about this.")).to_be_visible()
    adjusted = "from ml.models import *\nrows = InterestAdjustment.objects.filter(person__username='gradient_wen')\n"
    assert ask(adjusted + "found = list(rows.values_list('factor', flat=True))") == [0.3]
    page.reload()
    section = page.locator("section.interest[data-state=turned-down]")
    expect(section.locator("h3")).to_contain_text(name)
    assert abs(percent(section) - 0.3 * before) <= 1
    section.get_by_role("button", name="Restore").click()
    expect(page.locator("section.interest[data-state=turned-down]")).to_have_count(0)
    assert ask(adjusted + "found = list(rows.exclude(factor=1).values_list('factor', flat=True))") == []


def test_a_reset_leaves_no_interest_and_no_reason_of_one(visit: Open, ask: Ask, address: str) -> None:
    page = visit("bei_luo").page
    shown(page, address)
    assert any(OF_INTERESTS.search(one) for one in page.locator("#posts .why-link").all_inner_texts())
    unfollow_topics(page, address)  # what was chosen would stay
    page.goto(f"{address}/you/interests")
    assert page.locator("section.interest").count() > 0
    page.get_by_text("Forget everything learned about me").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    page.get_by_role("button", name="Forget it all").click()
    expect(page.get_by_text("Everything learned about you is forgotten.")).to_be_visible()
    expect(page.locator("section.interest")).to_have_count(0)
    expect(page.get_by_text("Nothing yet. Follow a topic or like some posts")).to_be_visible()
    posts = shown(page, address)
    said = page.locator("#posts .why-link").all_inner_texts()
    assert len(said) >= len(posts) >= 10
    assert [one for one in said if OF_INTERESTS.search(one)] == []
    page.wait_for_timeout(3000)  # the worker has learned anew by now, and found nothing
    page.goto(f"{address}/you/interests")
    expect(page.locator("section.interest")).to_have_count(0)
    kept = "from ml.models import *\nfound = [InterestVector.objects.filter(person__username='bei_luo').count(),"
    assert ask(kept + " Learner.objects.filter(person__username='bei_luo').exclude(reset_at=None).count()]") == [0, 1]


def unfollow_topics(page: Page, address: str) -> None:
    while True:
        page.goto(f"{address}/you/interests")
        chosen = page.locator("section.panel", has_text="Topics you chose").locator("a.chip")
        if not chosen.count():
            return
        chosen.first.click()
        page.locator(".relation").first.get_by_role("button", name="Following").click()
        expect(page.locator(".relation").first.get_by_role("button", name="Follow", exact=True)).to_be_visible()


def test_a_slider_changes_the_next_page_and_its_reset_restores_the_order(visit: Open, address: str) -> None:
    page = visit("tariq_boone").page
    for _try in range(2):  # exploration draws anew with each hour
        hour = datetime.now(UTC).hour
        before = shown(page, address)
        page.get_by_role("link", name="Tune this page").first.click()
        page.wait_for_url(re.compile("/home/tune/"))
        slider = page.get_by_role("slider", name="Whose posts")
        slider.focus()
        page.keyboard.press("Home")
        expect(page.locator("[data-slider]").first.locator("[data-value]")).to_have_text("more discovery 100 %")
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("Your next page is ranked this way")).to_be_visible()
        expect(page.get_by_role("slider", name="Whose posts")).to_have_value("-100")
        after = shown(page, address)
        page.locator(".why-link").first.click()
        expect(page.locator(".why-panel section.why").first).to_contain_text("Your slider: Whose posts")
        page.goto(f"{address}/home/tune/")
        page.get_by_role("button", name="Reset").click()
        expect(page.get_by_role("slider", name="Whose posts")).to_have_value("0")
        restored = shown(page, address)
        if datetime.now(UTC).hour == hour:
            break
    assert after != before
    assert restored == before


def test_fewer_of_an_author_takes_them_from_the_next_page(visit: Open, ask: Ask, address: str) -> None:
    page = visit("ti_qiu_a_qiang").page
    shown(page, address)
    card = page.locator("#posts .post:has(.post-menu button:has-text('Fewer from'))").first
    author = card.locator(".who .handle").inner_text()
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name=f"Fewer from {author}").click()
    expect(page.locator(".undo").first).to_contain_text("You will see fewer posts by")
    shown(page, address)
    expect(page.locator("#posts .who .handle", has_text=author)).to_have_count(0)
    said = "from feed.models import *\nfound = list(Feedback.objects.filter(person__username='ti_qiu_a_qiang',"
    said += " kind__startswith='fewer', undone_at=None).values_list('kind', 'author__username'))"
    assert ["fewer_author", author.removeprefix("@")] in ask(said)


def test_fewer_about_a_topic_takes_it_from_the_next_page(visit: Open, ask: Ask, address: str) -> None:
    page = visit("priya_lanterman").page
    posts = shown(page, address)
    card = page.locator("#posts .post:has(.post-menu button:has-text('Fewer about'))").first
    card.locator(".post-menu summary").click()
    card.get_by_role("button", name="Fewer about").click()
    expect(page.locator(".undo").first).to_be_visible()
    topic = ask(
        "from feed.models import *\nfound = Feedback.objects.get(person__username='priya_lanterman',"
        " kind='fewer_topic', undone_at=None).topic_id"
    )
    carrying = "from feed.models import *\nfound = PostTopic.objects.filter(post__in={}, topic={}).count()"
    assert ask(carrying.format([int(one) for one in posts], topic)) >= 1
    after = shown(page, address)
    assert ask(carrying.format([int(one) for one in after], topic)) == 0
    page.goto(f"{address}/you/feedback?kind=topics")
    page.locator("li.feedback").first.get_by_role("button", name="Take it back").click()
    expect(page.locator("li.feedback.undone")).to_contain_text("Taken back")


LEFT_OUT = """
from django.utils import timezone
from accounts.models import User
from feed.models import Impression
from ml.training.people import Span, consenting, counted_out
span, person = Span.of_days(30, timezone.now()), User.objects.get(username="shen_an")
rows = Impression.objects.filter(person=person, surface="for-you", shown_at__gte=span.since, shown_at__lt=span.until)
found = [person.pk in consenting(), counted_out(span, set())["by_consent"], rows.count()]
"""


def test_opting_out_of_training_leaves_ones_rows_out(visit: Open, ask: Ask, address: str) -> None:
    page = visit("shen_an").page
    shown(page, address)
    learned_from, left_out, rows = ask(LEFT_OUT)
    assert learned_from
    assert rows >= PLACES
    for agrees in (False, True):
        page.goto(f"{address}/you/privacy")
        page.locator("input[name=training]").set_checked(agrees)
        page.locator("main form button").first.click()
        expect(page.get_by_text("Saved.").first).to_be_visible()
        assert ask(LEFT_OUT) == [agrees, left_out + (0 if agrees else rows), rows]
