"""Faces and places: a person's picture or initial, and the list of places in the rail."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import regex
from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()
_SIZES = {"": 44, "small": 32, "large": 88}


@register.simple_tag
def face(person: Any, size: str = "") -> SafeString:
    """The picture of `person`, or their initial on a colour of their own. An ornament: the name stands beside it."""
    pixels = _SIZES[size]
    if person.profile.avatar:
        return format_html(
            '<img class="face {}" src="{}" width="{}" height="{}" alt="" loading="lazy" decoding="async">',
            size,
            person.profile.avatar.url,
            pixels,
            pixels,
        )
    colour = crc32(person.username.encode()) % 6
    initial = regex.match(r"\X", person.display_name).group().upper()
    return format_html('<span class="face {} face-{}" aria-hidden="true">{}</span>', size, colour, initial)


@register.simple_tag(takes_context=True)
def places(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The places one can go to, in order; one whose address no app has is left out."""
    request = context.get("request")
    user = getattr(request, "user", None)
    known = bool(user and user.is_authenticated)
    wanted: list[tuple[str, list[Any], str, str, bool, bool]] = [
        # address, arguments, icon, label, within the thumb's reach on a phone, for everyone
        ("feed:home", [], "home", _("Home"), True, True),
        ("feed:explore", [], "explore", _("Explore"), True, True),
        ("feed:compose", [], "write", _("Write"), True, False),
        ("feed:groups", [], "groups", _("Groups"), not known, True),
        ("feed:notifications", [], "notices", _("Notices"), True, False),
        ("feed:messages", [], "messages", _("Messages"), False, False),
        ("feed:bookmarks", [], "bookmark", _("Bookmarks"), False, False),
        ("feed:profile", [getattr(user, "username", "")], "you", _("You"), True, False),
        ("feed:search", [], "search", _("Search"), not known, not known),
        ("account_login", [], "enter", _("Log in"), True, not known),
    ]
    found = []
    for address, arguments, drawing, label, thumb, anyone in wanted:
        if not (anyone or known) or (known and address in ("account_login", "feed:search")):
            continue
        try:
            url = reverse(address, args=arguments)
        except NoReverseMatch:
            continue
        here = bool(request and request.path == url)
        found.append({"url": url, "icon": drawing, "label": label, "thumb": thumb, "here": here, "name": address})
    return found
