"""E-mails speak the reader's language and say the site's name."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("zh-hans", "重置密码 · 庭院", "你好，这里是庭院。"),
        ("en", "Password Reset Email · Courtyard", "Hello from Courtyard!"),
    ],
)
def test_the_letter_about_a_forgotten_password(alice: User, language: str, subject: str, greeting: str) -> None:
    alice.email = "alice@example.org"
    alice.save()
    client = Client(headers={"accept-language": language})
    client.post(reverse("account_reset_password"), {"email": alice.email})
    (letter,) = mail.outbox
    assert letter.subject == subject
    assert greeting in letter.body
    assert "http://testserver/accounts/password/reset/key/" in letter.body
