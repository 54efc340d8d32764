"""Every page, desktop and phone: it opens without an error, fits its width, and axe finds nothing wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import DESKTOP, PHONE

PAGES = {
    "for-you": "/",
    "following": "/?tab=following",
    "local": "/?tab=local",
    "outside": "/?tab=outside",
    "compose": "/compose",
    "explore": "/explore",
    "suggestions": "/suggestions",
    "search": "/search?q=tomato",
    "search-people": "/search?q=li&kind=people",
    "search-nothing": "/search?q=zzqqxx",
    "topics": "/topics",
    "topic": "/topics/gardening",
    "groups": "/groups",
    "group": "/groups/allotment-swap",
    "group-new": "/groups/new",
    "group-members": "/groups/allotment-swap/members",
    "profile": "/@mara_quill",
    "profile-replies": "/@mara_quill?tab=replies",
    "profile-media": "/@mara_quill?tab=media",
    "followers": "/@mara_quill/followers",
    "notifications": "/notifications",
    "bookmarks": "/bookmarks",
    "drafts": "/drafts",
    "help": "/help",
    "about": "/about",
    "welcome": "/you/welcome",
    "muted": "/you/muted",
    "interests": "/you/interests",
    "models": "/you/models",
    "variety": "/you/interests/variety",
    "my-feedback": "/you/feedback",
    "tune": "/home/tune/",
    "about-ranking": "/about/ranking/",
    "settings": "/you/settings",
    "profile-edit": "/you/profile",
    "privacy": "/you/privacy",
    "blocked": "/you/blocked",
    "sessions": "/accounts/sessions/",
    "email": "/accounts/email/",
    "two-factor": "/accounts/2fa/",
    "not-found": "/there-is-no-such-page",
}
OPEN_PAGES = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/explore", "/about"]
# Rules of WCAG 2.2 A and AA, as axe names them.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
DEVICES = {"desktop": DESKTOP, "phone": PHONE}


LAID_OPEN = """async () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`[data-news-pill] { display: none !important } .places, .toasts { position: static !important }
        .post { content-visibility: visible !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const pictures = [...document.images];
    pictures.forEach((picture) => { picture.loading = "eager" });
    await Promise.all(pictures.map((picture) => picture.decode().catch(() => {})));
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""


def complaints(page: Any) -> list[str]:
    # Bars, toasts and news of what other tests wrote float above the page: axe takes what is under them for too small.
    # Cards that were never drawn have guessed heights, so that axe sees the foot of a tall one under the next.
    page.evaluate(LAID_OPEN)
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"][:3]]


def too_wide(page: Any) -> int:
    """How many pixels one could scroll sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture(scope="module")
def signed_in(browser: Any, address: str) -> Any:
    from tests.browser.conftest import Visit

    made: dict[str, Visit] = {}

    def get(device: str) -> Visit:
        if device not in made:
            context = browser.new_context(**DEVICES[device], locale="en-US")
            made[device] = Visit(context, address)
            made[device].sign_in("mara_quill")
        return made[device]

    yield get
    for visit in made.values():
        visit.context.close()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", PAGES)
def test_page(signed_in: Callable[[str], Any], name: str, device: str) -> None:
    visit = signed_in(device)
    visit.faults.clear()
    page = visit.go(PAGES[name])
    assert page.locator("h1").count() >= 1
    assert too_wide(page) <= 0
    assert complaints(page) == []
    expected = {"not-found": "404"}.get(name)
    assert [fault for fault in visit.faults if not expected or expected not in fault] == []


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_page_for_visitors(visit: Callable[..., Any], path: str) -> None:
    page = visit("", PHONE).go(path)
    assert too_wide(page) <= 0
    assert complaints(page) == []


@pytest.mark.parametrize("path", ["/", "/explore", "/@lin_yue", "/you/interests", "/accounts/login/", "/you/privacy"])
def test_page_in_the_dark_and_in_chinese(visit: Callable[..., Any], path: str) -> None:
    page = visit("lin_yue" if "login" not in path else "", DESKTOP, language="zh-hans", dark=True).go(path)
    assert page.locator("html").get_attribute("lang").lower() == "zh-hans"
    assert too_wide(page) <= 0
    assert complaints(page) == []
