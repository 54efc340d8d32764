"""The pages about oneself."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import Consent, Profile, User


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def picture(size: tuple[int, int] = (30, 20), format: str = "PNG") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 80, 60)).save(file, format)
    return SimpleUploadedFile("x.png", file.getvalue(), content_type="image/png")


@pytest.mark.parametrize("name", ["settings", "profile_edit", "privacy", "blocked", "export", "delete"])
def test_visitors_are_sent_to_log_in(client: Client, db: None, name: str) -> None:
    answer = client.get(reverse(f"accounts:{name}"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["settings", "profile_edit", "privacy", "blocked", "export"])
def test_pages_open(page: Client, name: str) -> None:
    assert page.get(reverse(f"accounts:{name}")).status_code == 200


def test_the_profile_is_saved_with_a_clean_picture(page: Client, alice: User) -> None:
    form = {"display_name": "  Alice   A. ", "bio": "hi", "links": "Blog example.org/a", "languages": ["en", "zh"]}
    answer = page.post(reverse("accounts:profile_edit"), {**form, "avatar": picture()})
    assert answer.status_code == 302
    profile = Profile.objects.get(user=alice)
    assert profile.display_name == "Alice A."
    assert profile.links == [{"label": "Blog", "url": "https://example.org/a"}]
    assert profile.languages == ["en", "zh"]
    with Image.open(profile.avatar) as image:
        assert (image.format, image.size) == ("WEBP", (400, 400))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("avatar", SimpleUploadedFile("x.png", b"<svg onload=alert(1)>"), "not a picture"),
        ("links", "javascript:alert(1)", "is not a link"),
        ("links", "\n".join(f"https://example.org/{n}" for n in range(5)), "at most 4 links"),
        ("languages", ["klingon"], "klingon"),
    ],
)
def test_bad_profiles_say_why_and_keep_the_text(page: Client, alice: User, field: str, value: Any, words: str) -> None:
    form = {"display_name": "Someone Else", "bio": "my long bio", "links": "", "languages": ["en"], field: value}
    answer = page.post(reverse("accounts:profile_edit"), form)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert words in body
    assert "my long bio" in body
    assert Profile.objects.get(user=alice).display_name == "Alice"


def test_consent_is_withdrawn_from_the_page(page: Client, alice: User) -> None:
    assert Consent.objects.get(person=alice).behaviour
    page.post(reverse("accounts:privacy"), {"personalised": "on"})
    consent = Consent.objects.get(person=alice)
    assert (consent.personalised, consent.behaviour) == (True, False)
    assert not Profile.objects.get(user=alice).recommendable


def test_the_interface_changes_language(page: Client) -> None:
    page.post(reverse("accounts:settings"), {"interface_language": "zh-hans"})
    assert 'lang="zh-hans"' in page.get(reverse("accounts:settings")).content.decode().lower()


def test_the_export_holds_ones_own_and_nobody_elses(page: Client, alice: User, bob: User, mallory: User) -> None:
    data = json.loads(page.get(reverse("accounts:export")).content)
    assert data["account"]["email"] == "alice@example.org"
    assert data["follows"] == ["bob"]
    assert data["blocks"] == ["mallory"]
    assert "bob@example.org" not in json.dumps(data)


def test_deleting_asks_for_the_password_again_and_for_the_own_handle(page: Client, alice: User) -> None:
    delete = reverse("accounts:delete")
    answer = page.post(delete, {"name": "bob"})
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert User.objects.filter(pk=alice.pk).exists()
    wrong = page.post(reverse("account_reauthenticate"), {"password": "wrong", "next": delete})
    assert wrong.status_code == 200
    page.post(f"{reverse('account_reauthenticate')}?next={delete}", {"password": "correct horse"})
    assert page.post(delete, {"name": "bob"}).status_code == 422
    assert User.objects.filter(pk=alice.pk).exists()
    assert page.post(delete, {"name": "@Alice"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()


def test_one_click_sign_in_is_only_for_demo_people_and_only_in_the_demo(
    client: Client, person: Any, settings: Any
) -> None:
    demo, real = person("demo_dora", is_demo=True), person("real_rita")
    Profile.objects.update(featured=True)
    settings.DEMO = False
    assert client.post(reverse("accounts:demo_login", args=["demo_dora"])).status_code == 404
    settings.DEMO = True
    assert client.get(reverse("accounts:demo_login", args=["demo_dora"])).status_code == 405
    assert client.post(reverse("accounts:demo_login", args=["real_rita"])).status_code == 404
    assert "_auth_user_id" not in client.session
    client.post(reverse("accounts:demo_login", args=["demo_dora"]))
    assert client.session["_auth_user_id"] == str(demo.pk)
    assert real.pk != demo.pk


def test_signing_up_makes_a_whole_person(client: Client, db: None) -> None:
    form = {
        "email": "new@example.org",
        "username": "NewPerson",
        "password1": "quiet-gate-77",
        "password2": "quiet-gate-77",
    }
    answer = client.post(reverse("account_signup"), form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    user = User.objects.get(username="newperson")
    assert user.profile.languages == ["en"]
    assert not user.consent.behaviour
    assert answer.url == reverse("feed:welcome")


@pytest.mark.parametrize("name", ["a", "with space", "Ünder", "admin", "x" * 31, "me<script>", "_", "名字"])
def test_bad_handles_are_refused(client: Client, db: None, name: str) -> None:
    form = {"email": "new@example.org", "username": name, "password1": "quiet-gate-77", "password2": "quiet-gate-77"}
    assert client.post(reverse("account_signup"), form).status_code == 200
    assert not User.objects.exists()
