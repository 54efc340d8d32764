"""How allauth makes people here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

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
