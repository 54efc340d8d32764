"""One evening, end to end through the pages: somebody joins, follows, writes, is answered, says no."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import User
from feed import actions
from feed.models import Notification, Post, Topic, TopicFollow


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(out, "PNG")
    return SimpleUploadedFile("tea.png", out.getvalue(), "image/png")


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_the_first_evening_of_a_new_person(client: Client, person: Callable[..., User]) -> None:
    bob = person("bob")
    topic = Topic.objects.create(name="tea", shown_as="tea", curated=True, title_en="Tea", title_zh="茶")
    actions.publish(bob, "The kettle is on #tea")

    # Joining, and the first minute.
    passwords = {"password1": "quiet-gate-77", "password2": "quiet-gate-77"}
    client.post(reverse("account_signup"), {"email": "ada@example.org", "username": "ada", **passwords})
    ada = User.objects.get(username="ada")
    client.post("/you/welcome", {"step": "1", "languages": ["en"]})
    client.post("/you/welcome", {"step": "2", "topics": [topic.pk]})
    client.post("/you/welcome", {"step": "3", "skip": "1"})
    assert TopicFollow.objects.filter(person=ada, topic=topic).exists()
    assert "The kettle is on" in text(client.get("/"))

    # Following, and being told so.
    client.post(reverse("feed:follow", args=["bob"]))
    assert "The kettle is on" in text(client.get("/?tab=following"))
    assert Notification.objects.filter(recipient=bob, kind="follow", actor=ada).exists()

    # A post with a picture; somebody answers; the notice leads to it.
    upload = client.post("/uploads", {"image": picture()}).json()
    sent = {"text": "First cup #tea", "place": "post", "attachments": [upload["id"]], "alts": ["A green cup"]}
    client.post("/compose", sent)
    post = Post.objects.get(author=ada)
    theirs = Client()
    theirs.force_login(bob)
    page = text(theirs.get("/topics/tea"))
    assert "First cup" in page
    assert "A green cup" in page
    theirs.post("/compose", {"text": "Welcome to the courtyard", "place": f"answer:{post.pk}"})
    theirs.post(reverse("feed:like", args=[post.pk]))
    notices = text(client.get("/notifications"))
    assert "Welcome to the courtyard" in notices
    assert "Welcome to the courtyard" in text(client.get(post.get_absolute_url()))

    # Changing one's mind: an edit keeps the history, a deletion can be undone, a draft waits.
    client.post(reverse("feed:edit", args=[post.pk]), {"text": "First cup of many #tea"})
    assert "First cup #tea" in Post.objects.get(pk=post.pk).revisions.get().text
    client.post(reverse("feed:delete", args=[post.pk]))
    assert "First cup" not in text(theirs.get("/topics/tea"))
    client.post(reverse("feed:restore", args=[post.pk]))
    assert "First cup of many" in text(theirs.get("/topics/tea"))
    client.post(reverse("feed:draft_save"), {"place": "post", "text": "tomorrow I will"})
    assert "tomorrow I will" in text(client.get("/compose"))

    # Saying no works on the next page, in both directions.
    client.post(reverse("feed:block", args=["bob"]))
    assert "The kettle is on" not in text(client.get("/?tab=local"))
    assert theirs.get(post.get_absolute_url()).status_code == 404
    assert theirs.get("/@ada").status_code == 404
