"""What is suggested where nobody learns: what many people here follow. Knows nothing of the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from feed.backends import Suggested
from feed.models import Group, Topic


class PopularFirst:
    """The plain suggester. Whom one follows already, and the like, is left out by the caller."""

    spare = 60  # so many more than asked for, because the caller leaves some out

    def people(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        found = User.objects.visible_to(viewer).filter(profile__recommendable=True, profile__posts_count__gt=0)
        return self._of(found.order_by("-profile__followers_count", "pk"), limit)

    def topics(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        found = Topic.objects.filter(alias_of=None, curated=True)
        return self._of(found.order_by("-followers_count", "name"), limit)

    def groups(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        return self._of(Group.objects.visible_to(viewer).order_by("-members_count", "pk"), limit)

    def say_why(self, viewer: Any, kind: str, reasons: Sequence[dict[str, Any]]) -> Sequence[str]:
        words = {
            "people": _("Followed by many people here"),
            "topics": _("Followed by many people here"),
            "groups": _("Many people here are in it"),
        }
        return [words[kind]] * len(reasons)

    def _of(self, found: Any, limit: int) -> Sequence[Suggested]:
        ids = found.values_list("pk", flat=True)[: limit + self.spare]
        return [Suggested(pk, {"kind": "popular"}) for pk in ids]
