"""Posts get vectors once, keep them up to date, and lose them with the post."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import User
from feed import actions
from feed.models import Attachment, Post
from ml import registry
from ml.embedding import posts
from ml.embedding.encoder import Encoder
from ml.embedding.nearest import nearest_posts, vectors_of
from ml.models import ModelVersion, PostVector
from ml.tasks import promote_complete, sweep_posts

Write = Callable[..., Post]


def test_a_new_post_has_a_vector_of_the_serving_encoder(
    learning: Encoder, bob: User, django_capture_on_commit_callbacks: Callable
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        post = actions.publish(bob, "The ferry leaves at seven.")
    row = PostVector.objects.get(post=post)
    assert row.model == registry.serving_encoder() == learning.name
    assert len(row.vector) == learning.dimensions


def test_an_unchanged_post_is_not_embedded_again(write: Write) -> None:
    post = write("Soup for two.")
    assert posts.embed_posts([post.pk]) == 0
    assert posts.pending() == []


def test_an_edit_makes_the_post_wait_and_then_moves_its_vector(write: Write, bob: User) -> None:
    post = write("Soup for two.")
    before = PostVector.objects.get(post=post)
    actions.edit(bob, post, "The moon is full tonight.")
    assert posts.pending() == [post.pk]
    sweep_posts()
    after = PostVector.objects.get(post=post)
    assert posts.pending() == []
    assert after.digest != before.digest
    assert after.vector != before.vector


def test_an_edit_that_came_after_the_text_was_read_leaves_the_post_waiting(write: Write, bob: User) -> None:
    post = write("Soup for two.")
    actions.edit(bob, post, "Stew for three.")
    posts._store({post.pk: "Soup for two."}, [[0.1] * 384], registry.serving_encoder(), post.created_at)
    assert posts.pending() == [post.pk]


def test_warning_and_descriptions_of_pictures_count(write: Write, bob: User) -> None:
    post = write("Look.", content_warning="vegetables")
    Attachment.objects.create(owner=bob, post=post, alt="A leek in the trench")
    assert posts.text_of(post) == "vegetables\nLook.\nA leek in the trench"


def test_a_deleted_post_cannot_be_found_and_comes_back(
    write: Write, bob: User, django_capture_on_commit_callbacks: Callable
) -> None:
    post = write("Soup for two.")
    with django_capture_on_commit_callbacks(execute=True):
        actions.delete(bob, post)
    assert not PostVector.objects.filter(post=post).exists()
    assert posts.embed_posts([post.pk]) == 0
    with django_capture_on_commit_callbacks(execute=True):
        actions.restore(bob, post)
    assert PostVector.objects.filter(post=post).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_leave_one_vector(write: Write) -> None:
    post = write("Soup for two.")
    PostVector.objects.all().delete()

    def work() -> None:
        try:
            posts.embed_posts([post.pk])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PostVector.objects.filter(post=post).count() == 1


def test_a_new_encoder_fills_beside_the_serving_one_and_takes_over_when_complete(
    write: Write, monkeypatch: pytest.MonkeyPatch, learning: Encoder
) -> None:
    old = write("Soup for two.")
    serving = registry.serving_encoder()
    registry.begin_filling("another", {"dimensions": learning.dimensions})
    monkeypatch.setattr(posts, "get_encoder", lambda name=None: learning)
    monkeypatch.setattr("ml.embedding.topics.get_encoder", lambda name=None: learning)
    new = write("Stew for three.")
    assert registry.serving_encoder() == serving
    assert set(PostVector.objects.filter(post=new).values_list("model", flat=True)) == {serving, "another"}
    promote_complete()
    assert registry.serving_encoder() == serving, "the old post has no vector yet"
    posts.embed_posts([old.pk])
    promote_complete()
    assert registry.serving_encoder() == "another"
    assert ModelVersion.objects.get(name=serving).state == ModelVersion.State.RETIRED


def test_near_means_what_numpy_says(write: Write, learning: Encoder, django_assert_num_queries: Callable) -> None:
    texts = ["Slugs ate the lettuce.", "The striker missed the penalty.", "A comet near Jupiter.", "Tomatoes need sun."]
    written = [write(text) for text in texts]
    model = registry.serving_encoder()
    with django_assert_num_queries(1):
        ids, vectors = vectors_of([post.pk for post in written], model)
    query = learning.encode(["snails in the vegetable bed"])[0]
    cosines = dict(zip(ids, (vectors @ query).tolist(), strict=True))
    found = nearest_posts(query, 4, model=model)
    assert [key for key, _cosine in found] == sorted(cosines, key=cosines.__getitem__, reverse=True)
    assert [cosine for _key, cosine in found] == pytest.approx(sorted(cosines.values(), reverse=True), abs=2e-3)
    assert {found[0][0], found[1][0]} == {written[0].pk, written[3].pk}, "the two about the garden"


def test_near_leaves_out_the_old_the_excluded_and_the_comments(write: Write, learning: Encoder, alice: User) -> None:
    first, second = write("Slugs ate the lettuce."), write("Slugs ate the beans.")
    comment = write("Slugs ate my beans too.", by=alice, parent=second)
    vector, model = learning.encode(["slugs"])[0], registry.serving_encoder()

    def near(**which: object) -> set[int]:
        return {key for key, _cosine in nearest_posts(vector, 10, model=model, **which)}  # type: ignore[arg-type]

    assert near() == {first.pk, second.pk, comment.pk}
    assert near(newer_than=first.pk) == {second.pk, comment.pk}
    assert near(exclude=[second.pk]) == {first.pk, comment.pk}
    assert near(top_level=True) == {first.pk, second.pk}
