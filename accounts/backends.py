"""Who is asking: the two ways to sign in, each reading the person with their profile and consent in one query."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import ModelBackend

from accounts.models import User


class _WithProfile:
    """Every page of a signed-in person needs all three rows."""

    def get_user(self, user_id: Any) -> User | None:
        person = User.objects.select_related("profile", "consent").filter(pk=user_id).first()
        return person if person is not None and person.is_active else None


class ByHandle(_WithProfile, ModelBackend):
    """The handle and the password."""


class ByHandleOrEmail(_WithProfile, AuthenticationBackend):
    """What allauth's log-in page takes."""
