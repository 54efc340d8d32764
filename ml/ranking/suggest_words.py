"""Why somebody or something is suggested, in words. Names are looked up for the reader now: one query for a list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _, gettext_noop, ngettext

from ml.ranking.explain import Names, names_in

Reason = Mapping[str, Any]


def phrases(viewer: Any, reasons: Sequence[Reason]) -> list[str]:
    """One phrase for each reason, in the active language."""
    names = names_in(viewer, reasons)
    return [phrase(reason, names) for reason in reasons]


def phrase(reason: Reason, names: Names) -> str:
    """A reason that is not known any more, or speaks of what is gone, still gets an honest one."""
    try:
        return _PHRASES[str(reason.get("kind", ""))](reason, names)
    except (KeyError, TypeError, ValueError):
        return _("Suggested for you")


def _with_others(one: str, more: Callable[[int], str]) -> Callable[[Reason, Names], str]:
    """Words for one person whom the reader follows, or for that one and others."""

    def say(reason: Reason, names: Names) -> str:
        name, others = names.people[reason["person"]], int(reason["others"])
        if others <= 0:
            return _(one) % {"name": name}
        return more(others) % {"name": name, "others": others}

    return say


def _followed_by(others: int) -> str:
    return ngettext(
        "Followed by %(name)s and %(others)d other you follow",
        "Followed by %(name)s and %(others)d others you follow",
        others,
    )


def _write_about_it(others: int) -> str:
    return ngettext(
        "%(name)s and %(others)d other you follow write about it",
        "%(name)s and %(others)d others you follow write about it",
        others,
    )


def _are_in_it(others: int) -> str:
    return ngettext(
        "%(name)s and %(others)d other you follow are in it",
        "%(name)s and %(others)d others you follow are in it",
        others,
    )


def _their_posts(reason: Reason, names: Names) -> str:
    posts = int(reason["posts"])
    return ngettext("You liked %(posts)d of their posts", "You liked %(posts)d of their posts", posts) % {
        "posts": posts
    }


def _posts_from_it(reason: Reason, names: Names) -> str:
    posts = int(reason["posts"])
    return ngettext("You liked %(posts)d post from it", "You liked %(posts)d posts from it", posts) % {"posts": posts}


def _writes(reason: Reason, names: Names) -> str:
    if reason.get("topic") in names.topics:
        return _("Writes about %(topic)s") % {"topic": names.topics[reason["topic"]]}
    if "words" in reason:
        return _("Writes about %(topic)s") % {"topic": str(_(", ")).join(reason["words"][:2])}
    return _("Writes about what you like")


_PHRASES: dict[str, Callable[[Reason, Names], str]] = {
    "follows-you": lambda reason, names: _("Follows you"),
    "friends": _with_others(gettext_noop("Followed by %(name)s, whom you follow"), _followed_by),
    "their-posts": _their_posts,
    "alike": lambda reason, names: _("Likes many of the posts you like"),
    "interest": _writes,
    "writes": _writes,
    "group": lambda reason, names: _("In your group %(group)s") % {"group": names.groups[reason["group"]]},
    "popular": lambda reason, names: _("Popular here"),
    "liked": lambda reason, names: _("You often like posts about it"),
    "friends-write": _with_others(gettext_noop("%(name)s, whom you follow, writes about it"), _write_about_it),
    "your-group": lambda reason, names: (
        _("Your group %(group)s is about it") % {"group": names.groups[reason["group"]]}
    ),
    "members": _with_others(gettext_noop("%(name)s, whom you follow, is in it"), _are_in_it),
    "liked-posts": _posts_from_it,
    "topic-followed": lambda reason, names: (
        _("About %(topic)s, which you follow") % {"topic": names.topics[reason["topic"]]}
    ),
    "topic-liked": lambda reason, names: (
        _("About %(topic)s, which you often like") % {"topic": names.topics[reason["topic"]]}
    ),
}
