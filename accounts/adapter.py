"""How allauth makes people here, and in whose name it writes to them."""

from types import SimpleNamespace
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Handles are stored in small letters; whoever is new goes through the first minute."""

    def clean_username(self, username: str, shallow: bool = False) -> str:
        return super().clean_username(username.lower(), shallow=shallow)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if isinstance(user, User) and user.profile.onboarded_at is None:
            return reverse("feed:welcome")
        return super().get_login_redirect_url(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """E-mails carry the site's name in the reader's language where allauth would say the host."""
        site = SimpleNamespace(name=_site_name(), domain=get_current_site(self.request).domain)
        super().send_mail(template_prefix, email, {**context, "current_site": site})

    def format_email_subject(self, subject: str) -> str:
        return f"{subject} · {_site_name()}"


def _site_name() -> str:
    return settings.SITE_NAME_ZH if (get_language() or "en").startswith("zh") else settings.SITE_NAME
