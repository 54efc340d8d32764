"""What a label means for a viewer: show, cover or hide. The one place that decides it; ranking never does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.utils.translation import gettext as _

from feed.models.label import Label

if TYPE_CHECKING:
    from feed.models import Post

Treatment = Literal["show", "cover", "hide"]


@dataclass(frozen=True)
class Verdict:
    """How to treat one post for one viewer, and the words on its cover."""

    treatment: Treatment
    because: str = ""


def decide(post: Post, viewer: Any) -> Verdict:
    """Show, cover or hide `post` for `viewer`. Reads what the post was fetched with: no query of its own.

    That is `label_names`, the labels in force, where a timeline annotated them, else the prefetched labels.
    """
    names = set(_label_names(post))
    own = getattr(viewer, "pk", None) == post.author_id
    if Label.HIDDEN in names and not own:
        return Verdict("hide", _("A moderator hid this post."))
    if Label.COVERED in names and not own:
        return Verdict("cover", _("A moderator put a cover on this post."))
    if post.content_warning:
        return Verdict("cover", post.content_warning)
    return Verdict("show")


def _label_names(post: Post) -> list[str]:
    if hasattr(post, "label_names"):
        return list(post.label_names)
    return [label.name for label in post.labels.all() if label.lifted_at is None]


def shown(posts: Iterable[Post], viewer: Any) -> list[Post]:
    """The posts not hidden from the viewer, in order, each with its `verdict` attached for the templates."""
    kept: list[Post] = []
    for post in posts:
        post.verdict = decide(post, viewer)  # type: ignore[attr-defined]
        if post.verdict.treatment != "hide":  # type: ignore[attr-defined]
            kept.append(post)
    return kept
