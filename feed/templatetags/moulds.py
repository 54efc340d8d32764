"""Moulds: the parts of a card that differ from post to post only in numbers and names. They ask no tables.

Such a template is rendered once for each language and each state of its flags, with stand-ins for what differs; a card
fills those in. Twenty cards of a page cost as many string joins instead of as many renderings.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from feed.models import Post
from feed.templatetags.reading import short_count

register = template.Library()

# What stands for each value that differs: it must pass through addresses and escaping unchanged, and occur in no text.
STAND_INS = {
    "pk": "7702770277027702770",
    "name": "mould_of_name",
    "csrf": "mould-of-csrf",
    "next": "mould-of-next",
    "title": "mould-of-title",
    "impression": "mould-of-impression",
    "trail": "mould-of-trail",
    "comments": "mould-of-comments",
    "reposts": "mould-of-reposts",
    "likes": "mould-of-likes",
}
_PLACES = re.compile("|".join(f"(?P<{key}>{stand_in})" for key, stand_in in STAND_INS.items()))


@register.simple_tag(takes_context=True)
def cast(context: dict[str, Any], mould: str) -> SafeString:
    """The template `mould` for `post`. It sees the stand-ins and flags of `_flags`, not the post: what a mould says
    must depend on nothing else."""
    post, viewer, request = context["post"], context.get("viewer"), context["request"]
    topic = next(iter(post.topics.all()), None)
    here = getattr(getattr(request, "htmx", None), "current_url_abs_path", None)
    values: dict[str, Any] = {
        "pk": post.pk,
        "name": post.author.username,
        "csrf": context.get("csrf_token", ""),
        "next": here or request.get_full_path(),
        "title": topic.title if topic is not None else "",
        "impression": getattr(post, "impression_id", None) or "",
        "trail": getattr(post, "trail", ""),
        "comments": short_count(post.comments_count),
        "reposts": short_count(post.reposts_count),
        "likes": short_count(post.likes_count),
    }
    made = _made.__wrapped__ if settings.DEBUG else _made
    parts = made(mould, get_language(), get_script_prefix(), _flags(post, viewer, topic is not None))
    return mark_safe("".join(conditional_escape(values[part]) if odd else part for odd, part in parts))


def _flags(post: Post, viewer: Any, has_topic: bool) -> tuple[tuple[str, bool], ...]:
    known = bool(getattr(viewer, "is_authenticated", False))
    return (
        ("known", known),
        ("own", known and viewer.pk == post.author_id),
        ("public", post.visibility == "public"),
        ("has_topic", has_topic),
        *((mark, bool(getattr(post, mark, False))) for mark in ("liked", "reposted", "bookmarked")),
    )


@lru_cache(maxsize=512)
def _made(mould: str, language: str, prefix: str, flags: tuple[tuple[str, bool], ...]) -> list[tuple[bool, str]]:
    """The rendered template in pieces: (False, text as it is) or (True, the key of the value that belongs there)."""
    html: str = render_to_string(mould, {**STAND_INS, **dict(flags)})
    html = re.sub(r"\s*\n\s*", "\n", html.strip())
    parts: list[tuple[bool, str]] = []
    end = 0
    for found in _PLACES.finditer(html):
        parts += [(False, html[end : found.start()]), (True, found.lastgroup or "")]
        end = found.end()
    return [*parts, (False, html[end:])]
