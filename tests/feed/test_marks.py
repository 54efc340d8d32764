"""What cards say beyond their posts' rows: in few queries, and the same for a post and for its quote."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from feed import actions, timelines
from feed.models import Attachment, Label, Post


def picture(owner: Any, alt: str) -> Attachment:
    sent = BytesIO()
    Image.new("RGB", (8, 6), "red").save(sent, "PNG")
    name = default_storage.save("posts/picture.png", ContentFile(sent.getvalue()))
    return Attachment.objects.create(owner=owner, alt=alt, image=name)


def cards(viewer: Any) -> dict[int, Any]:
    return {post.pk: post for post in timelines.cards(Post.objects.visible_to(viewer).order_by("-pk"), viewer)}


def test_two_queries_for_plain_cards_however_many(say, alice, bob, django_assert_num_queries):
    for number in range(12):
        say(bob, f"number {number} about #tea")
    with django_assert_num_queries(2):
        found = timelines.cards(Post.objects.visible_to(alice).order_by("-pk"), alice)
        assert [post.first_topic.title for post in found] == ["#tea"] * 12


def test_one_more_where_some_quote_and_one_more_where_some_have_pictures(say, alice, bob, django_assert_num_queries):
    shown = say(bob, "look", attachments=[picture(bob, "first"), picture(bob, "second")])
    quoting = say(alice, "I saw that", quote=shown)
    with django_assert_num_queries(4):
        found = cards(alice)
        assert [one.alt for one in found[shown.pk].pictures] == ["first", "second"]
        assert [one.alt for one in found[quoting.pk].quote.pictures] == ["first", "second"]
        assert found[quoting.pk].pictures == []


def test_what_the_viewer_did_is_theirs_alone(say, alice, bob, charlie):
    post, other = say(charlie, "one"), say(charlie, "two")
    actions.like(alice, post)
    actions.repost(alice, post)
    actions.bookmark(bob, post)
    mine, theirs = cards(alice), cards(bob)
    assert (mine[post.pk].liked, mine[post.pk].reposted, mine[post.pk].bookmarked) == (True, True, False)
    assert (theirs[post.pk].liked, theirs[post.pk].reposted, theirs[post.pk].bookmarked) == (False, False, True)
    assert (mine[other.pk].liked, mine[other.pk].reposted, mine[other.pk].bookmarked) == (False, False, False)


def test_a_post_and_its_quote_on_one_page_bear_the_same_labels(say, alice, bob, charlie):
    covered = say(charlie, "under a cover")
    quoting = say(bob, "see there", quote=covered)
    Label.objects.create(post=covered, name=Label.COVERED)
    found = cards(alice)
    assert found[covered.pk].verdict.treatment == "cover"
    assert found[quoting.pk].quote.verdict.treatment == "cover"
    assert found[quoting.pk].verdict.treatment == "show"


def test_an_answer_names_whom_it_answers(say, alice, bob):
    post = say(bob, "a question")
    answer = actions.comment(alice, post, "an answer")
    found = cards(bob)
    assert found[answer.pk].answers_to == "bob"
    assert found[post.pk].answers_to == ""
