"""Each role on each page of the admin: opened or refused, and nothing private beyond it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from feed.models import Impression
from feed.moderation import roles

EVERYTHING = {
    *("accounts.user", "accounts.consentchange", "feed.post", "feed.comment", "feed.topic", "feed.group"),
    *("feed.membership", "feed.report", "feed.label", "feed.impression", "ml.interestvector", "ml.modelversion"),
    *("ml.onlinefigure", "ml.trainingrun", "ml.headweights"),
}
OPENS = {
    "administrator": EVERYTHING,
    "moderator": {
        *("accounts.user", "feed.post", "feed.comment", "feed.topic", "feed.group", "feed.membership"),
        *("feed.report", "feed.label"),
    },
    "analyst": {"feed.topic", "feed.impression", "ml.modelversion", "ml.onlinefigure"},
    "": set(),
}


@pytest.fixture
def staff(person: Callable[..., User]) -> Callable[[str], User]:
    """A member of staff with one role; an empty role is staff without any."""

    def make(role: str) -> User:
        user = person(role or "nobody", is_staff=True)
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


def test_the_table_names_every_page_but_that_of_the_roles() -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered == {*EVERYTHING, "auth.group"}


@pytest.mark.parametrize("role", OPENS)
@pytest.mark.parametrize("page", sorted({*EVERYTHING, "auth.group"}))
def test_role_opens_only_its_pages(role: str, page: str, staff: Any, client: Client) -> None:
    client.force_login(staff(role))
    answer = client.get(reverse(f"admin:{page.replace('.', '_')}_changelist"))
    assert answer.status_code == (200 if page in OPENS[role] else 403)


def test_a_person_without_staff_is_refused(alice: User, client: Client) -> None:
    client.force_login(alice)
    assert client.get(reverse("admin:index")).status_code in (302, 403)
    assert client.get(reverse("admin:feed_report_changelist")).status_code in (302, 403)


def test_strangers_sign_in_where_everyone_does(client: Client, db: None) -> None:
    answer = client.get(reverse("admin:login"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]


@pytest.mark.parametrize(("role", "seen"), [("administrator", True), ("moderator", False)])
def test_addresses_are_for_administrators(role: str, seen: bool, staff: Any, alice: User, client: Client) -> None:
    client.force_login(staff(role))
    page = client.get(reverse("admin:accounts_user_change", args=[alice.pk]))
    assert page.status_code == 200
    assert ("alice@example.org" in page.content.decode()) is seen
    found = client.get(reverse("admin:accounts_user_changelist"), {"q": "alice@example.org"})
    assert (b"@alice" in found.content) is seen


def test_the_analyst_sees_impressions_without_people(staff: Any, alice: User, bob: User, client: Client) -> None:
    from uuid import uuid4

    from feed.actions import publish

    post = publish(bob, "only for followers, please", visibility="followers")
    shown = Impression.objects.create(
        person=alice,
        post=post,
        request_id=uuid4(),
        position=1,
        reason={"kind": "followed", "person": "bob"},
        features={"similarity": 0.4375},
    )
    client.force_login(staff("analyst"))
    for address in (
        reverse("admin:feed_impression_changelist"),
        reverse("admin:feed_impression_change", args=[shown.pk]),
    ):
        text = client.get(address).content.decode()
        for private in ("alice", "bob", "only for followers"):
            assert private not in text.replace("followed", "")
    assert "0.4375" in text
    guess = client.get(reverse("admin:feed_impression_changelist"), {"person__username": "alice"})
    assert guess.status_code == 400


def test_an_administrator_cannot_become_superuser(staff: Any, client: Client) -> None:
    boss = staff("administrator")
    client.force_login(boss)
    address = reverse("admin:accounts_user_change", args=[boss.pk])
    groups = list(boss.groups.values_list("pk", flat=True))
    client.post(address, {"is_staff": "on", "is_superuser": "on", "username": "root2", "groups": groups})
    boss.refresh_from_db()
    assert not boss.is_superuser
    assert boss.username == "administrator"


def test_an_administrator_appoints_a_moderator(staff: Any, alice: User, client: Client) -> None:
    client.force_login(staff("administrator"))
    moderators = Group.objects.get(name="moderator")
    address = reverse("admin:accounts_user_change", args=[alice.pk])
    inlines = {f"{name}-{count}_FORMS": 0 for name in ("profile", "consent") for count in ("TOTAL", "INITIAL")}
    assert client.post(address, {"is_staff": "on", "groups": [moderators.pk], **inlines}).status_code == 302
    alice = User.objects.get(pk=alice.pk)
    assert alice.is_staff
    assert alice.has_perm("feed.change_report")


def test_a_moderator_cannot_appoint(staff: Any, alice: User, client: Client) -> None:
    client.force_login(staff("moderator"))
    address = reverse("admin:accounts_user_change", args=[alice.pk])
    assert client.post(address, {"is_staff": "on"}).status_code == 403
    alice.refresh_from_db()
    assert not alice.is_staff


def test_roles_are_put_right_again(db: None) -> None:
    moderators = Group.objects.get(name="moderator")
    before = set(moderators.permissions.values_list("pk", flat=True))
    moderators.permissions.clear()
    roles.create_roles()
    assert set(moderators.permissions.values_list("pk", flat=True)) == before != set()
