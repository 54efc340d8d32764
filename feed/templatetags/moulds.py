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
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from feed.models import Post
from feed.templatetags.faces import face
from feed.templatetags.reading import foreign_language, short_count, time_ago

register = template.Library()
Flags = tuple[tuple[str, bool], ...]

# What stands for each value that differs: it must pass through addresses and escaping unchanged, and occur in no text.
STAND_INS = {
    "pk": "7702770277027702770",
    "name": "mould_of_name",
    "csrf": "mould-of-csrf",
    "next": "mould-of-next",
    "title": "mould-of-title",
    "impression": "7702770277027702771",
    "trail": "mould-of-trail",
    "comments": "mould-of-comments",
    "reposts": "mould-of-reposts",
    "likes": "mould-of-likes",
    "reposter": "mould-of-reposter",
    "group_url": "mould-of-group-address",
    "group_name": "mould-of-group-called",
    "because": "mould-of-because",
    "face": "mould-of-face",
    "display_name": "mould-of-display",
    "written": "mould-of-moment",
    "written_in_full": "mould-of-date",
    "written_ago": "mould-of-distance",
    "language": "mould-of-language",
    "language_name": "mould-of-tongue",
    "answered": "mould_of_answered",
    "parent": "7702770277027702772",
}
_PLACES = re.compile("|".join(f"(?P<{key}>{stand_in})" for key, stand_in in STAND_INS.items()))


@register.simple_tag(takes_context=True)
def cast(context: dict[str, Any], mould: str) -> SafeString:
    """The template `mould` for `post`. It sees the stand-ins and flags of `_flags`, not the post: what a mould says
    must depend on nothing else."""
    post, viewer, request = context["post"], context.get("viewer"), context["request"]
    topic = post.first_topic
    here = getattr(getattr(request, "htmx", None), "current_url_abs_path", None)
    values = {
        **_named(post),
        "csrf": context.get("csrf_token", ""),
        "next": here or request.get_full_path(),
        "title": topic.title if topic is not None else "",
        "comments": short_count(post.comments_count),
        "reposts": short_count(post.reposts_count),
        "likes": short_count(post.likes_count),
    }
    return _filled(mould, _flags(post, viewer, topic is not None), values)


@register.simple_tag(takes_context=True)
def cast_head(context: dict[str, Any], mould: str) -> SafeString:
    """The same for the head of a card, which says who wrote it and when, and why it is here."""
    post, written = context["post"], timezone.localtime(context["post"].created_at)
    group = None if context.get("group") else post.group
    foreign = foreign_language(post, context.get("viewer"))
    values = _named(post) | {
        "face": face(post.author),
        "display_name": post.author.display_name,
        "written": written.isoformat(),
        "written_in_full": date_format(written, "DATETIME_FORMAT"),
        "written_ago": time_ago(post.created_at),
        "because": post.why,
        "language": post.language,
        "language_name": foreign,
        "answered": post.answers_to,
        "parent": post.parent_id,
    }
    if group:
        values |= {"group_url": group.get_absolute_url(), "group_name": group.name}
    if post.reposted_by:
        values["reposter"] = post.reposted_by.display_name
    flags = {
        "whole": context.get("whole"),
        "logged": values["impression"],
        "reposted_by": post.reposted_by,
        "why": post.why,
        "group": group,
        "edited": post.edited_at,
        "followers_only": post.visibility == "followers",
        "foreign": foreign,
        "answers": post.answers_to and not context.get("threaded"),
    }
    return _filled(mould, tuple((flag, bool(value)) for flag, value in flags.items()), values)


def _named(post: Post) -> dict[str, Any]:
    return {
        "pk": post.pk,
        "name": post.author.username,
        "impression": getattr(post, "impression_id", None) or "",
        "trail": getattr(post, "trail", ""),
    }


def _flags(post: Post, viewer: Any, has_topic: bool) -> Flags:
    known = bool(getattr(viewer, "is_authenticated", False))
    return (
        ("known", known),
        ("own", known and viewer.pk == post.author_id),
        ("public", post.visibility == "public"),
        ("has_topic", has_topic),
        *((mark, bool(getattr(post, mark, False))) for mark in ("liked", "reposted", "bookmarked")),
    )


def _filled(mould: str, flags: Flags, values: dict[str, Any]) -> SafeString:
    made = _made.__wrapped__ if settings.DEBUG else _made
    escaped = {key: conditional_escape(value) for key, value in values.items()}
    return mark_safe(made(mould, get_language(), get_script_prefix(), flags) % escaped)


@lru_cache(maxsize=512)
def _made(mould: str, language: str, prefix: str, flags: Flags) -> str:
    """The rendered template as a format: "%(key)s" is where a value belongs."""
    html: str = render_to_string(mould, {**STAND_INS, **dict(flags)})
    html = re.sub(r"\s*\n\s*", "\n", html.strip()).replace("%", "%%")
    return _PLACES.sub(lambda found: f"%({found.lastgroup})s", html)
