"""What every page needs to know: the site's name and the viewer's unread notices."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from feed.models import Notification


def site(request: HttpRequest) -> dict[str, Any]:
    chinese = (get_language() or "en").startswith("zh")
    return {
        "site_name": settings.SITE_NAME_ZH if chinese else settings.SITE_NAME,
        "site_name_other": settings.SITE_NAME if chinese else settings.SITE_NAME_ZH,
        "demo": settings.DEMO,
        "post_max_length": settings.POST_MAX_LENGTH,
        "unread_notices": SimpleLazyObject(lambda: _unread(request)),
    }


def _unread(request: HttpRequest) -> int:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return 0
    return Notification.objects.filter(recipient=user, read_at=None).count()
