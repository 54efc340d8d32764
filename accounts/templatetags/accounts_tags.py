"""Template tags about people."""

from django import template
from django.conf import settings

from accounts.models import User

register = template.Library()


@register.simple_tag
def demo_people() -> list[User]:
    """The people one may sign in as with one click; none unless `DEMO` is on. Staff last."""
    if not settings.DEMO:
        return []
    found = User.objects.present().filter(is_demo=True, profile__featured=True).with_profiles()
    return list(found.order_by("is_staff", "pk"))
