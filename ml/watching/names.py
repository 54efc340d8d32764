"""Acts and sources as staff read them, in the active language; what has no name here keeps its own."""

from __future__ import annotations

from django.utils.translation import gettext as _


def act(head: str) -> str:
    """What a head foretells, in a word or two."""
    return {
        "like": _("a like"),
        "comment": _("an answer"),
        "repost": _("a repost or quote"),
        "bookmark": _("a bookmark"),
        "follow": _("a follow"),
        "open": _("opened"),
        "dwell": _("read to the end"),
        "not_interested": _("not interested"),
        "reject": _("hidden or blocked"),
    }.get(head, head)


def source(name: str) -> str:
    return {
        "follows": _("follows"),
        "topics": _("followed topics"),
        "liked topics": _("liked topics"),
        "groups": _("joined groups"),
        "liked by followed": _("liked by followed"),
        "reposts": _("reposts"),
        "co-engaged": _("co-engaged"),
        "interests": _("interests"),
        "rising": _("rising"),
        "cold start": _("cold start"),
        "exploration": _("exploration"),
        "new voices": _("new voices"),
    }.get(name, name)
