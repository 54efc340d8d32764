"""How times, counts and languages read, in English and Chinese; knows no table but the viewer's own profile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.translation import get_language, get_language_info, gettext, ngettext, pgettext

register = template.Library()
_ENDONYMS = {"zh": "中文", "yue": "粵語", "wuu": "吴语"}


@register.filter
def time_ago(moment: datetime | None) -> str:
    """Short distance from now: "now", "5 min", "3 h", "yesterday", then the date."""
    if moment is None:
        return ""
    now = timezone.now()
    gone = now - moment
    if gone < timedelta(minutes=1):
        return gettext("now")
    if gone < timedelta(hours=1):
        return gettext("%(count)d min") % {"count": gone.seconds // 60}
    if gone < timedelta(hours=24):
        return gettext("%(count)d h") % {"count": gone.seconds // 3600}
    if gone < timedelta(days=7):
        return ngettext("%(count)d day", "%(count)d days", gone.days) % {"count": gone.days}
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    # Translators: the format of a date of this year, as in the documentation of Django's `date` filter
    within_year = pgettext("date format", "j M")
    # Translators: the format of a date of another year
    beyond = pgettext("date format", "j M Y")
    return formats.date_format(local, within_year if same_year else beyond)


@register.filter
def short_count(number: int | None) -> str:
    """1234 as "1.2K", or as 1.2万 from ten thousand on in Chinese; nothing for none."""
    number = int(str(number)) if number else 0  # a lazy number has no __int__
    if not number:
        return ""
    steps = [(100_000_000, "亿"), (10_000, "万")] if _chinese() else [(1_000_000, "M"), (1_000, "K")]
    for size, letter in steps:
        if number >= size:
            tenths = number * 10 // size
            whole, rest = divmod(tenths, 10)
            return f"{whole}{letter}" if whole >= 100 or not rest else f"{whole}.{rest}{letter}"
    return str(number)


def _chinese() -> bool:
    return (get_language() or "en").startswith("zh")


@register.filter
def language_name(code: str) -> str:
    """What a language calls itself: "fr" is "français"; the code where it is unknown."""
    base = (code or "").split("-")[0].lower()
    if base in _ENDONYMS:
        return _ENDONYMS[base]
    try:
        return str(get_language_info(base)["name_local"])
    except KeyError:
        return code


@register.filter
def bcp47(code: str) -> str:
    """Django's "zh-hans" as HTML wants it: "zh-Hans"."""
    head, _, tail = (code or "").partition("-")
    return f"{head}-{tail.title() if len(tail) == 4 else tail.upper()}" if tail else head


@register.simple_tag
def foreign_language(post: Any, viewer: Any) -> str:
    """The name of the post's language where the viewer does not read it; else nothing."""
    base = (post.language or "").split("-")[0]
    if not base:
        return ""
    reads = {(get_language() or "en").split("-")[0]}
    if getattr(viewer, "is_authenticated", False):
        reads |= {code.split("-")[0] for code in viewer.profile.languages}
    return "" if base in reads else language_name(base)


@register.filter
def share(value: float | None) -> int:
    """A share between -1 and 1 as a width between 0 and 100, never invisible when it is not zero."""
    width = round(min(1.0, abs(value or 0.0)) * 100)
    return max(2, width) if value else 0


@register.filter
def clip(text: str, most: int = 140) -> str:
    """The beginning of a text, cut at `most` characters."""
    text = " ".join((text or "").split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
