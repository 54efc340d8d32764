"""Posts that the same people act on: the arithmetic, whose acts count, and what reaches the page with which words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Post
from ml.models import Learner, PostNeighbours
from ml.ranking import serve, sources
from ml.ranking.candidate import Act, Candidates
from ml.ranking.explain import sentences
from ml.ranking.reasons import reasons
from ml.tasks import REFRESH_QUEUED, refresh_neighbours
from ml.training import neighbours
from ml.training.coengagement import nearest, similarity, together
from tests.ml.ranking.batches import NOW, batch, query

Person = Callable[..., User]


def ones(*people_of: list[int], posts: int) -> sp.csr_matrix:
    matrix = sp.lil_matrix((len(people_of), posts), dtype=np.float32)
    for row, columns in enumerate(people_of):
        matrix[row, columns] = 1
    return matrix.tocsr()


def test_the_formula_of_ease() -> None:
    acts = (np.random.default_rng(3).random((40, 12)) < 0.3).astype(np.float32)
    weight = np.diag(np.maximum(acts.sum(axis=1), 1.0) ** -0.5)
    gram = acts.T @ weight @ acts
    inverse = np.linalg.inv(gram + 2.0 * np.diag(gram).mean() * np.eye(12))
    wanted = -inverse / np.diag(inverse)
    np.fill_diagonal(wanted, 0)
    np.testing.assert_allclose(similarity(sp.csr_matrix(acts), 2.0, 0.5), wanted, atol=1e-6)


def test_nothing_to_compare_is_no_error() -> None:
    assert similarity(sp.csr_matrix((0, 0), dtype=np.float32)).shape == (0, 0)
    assert not similarity(sp.csr_matrix((3, 4), dtype=np.float32)).any()


def test_who_likes_everything_says_next_to_nothing() -> None:
    """Two camps of five posts; then bots that like all of it. Each post's neighbours stay those of its camp."""
    camps = [[0, 1, 2, 3, 4]] * 6 + [[5, 6, 7, 8, 9]] * 6
    everything = [list(range(60))] * 4
    acts = ones(*camps, *everything, posts=60)
    similar = similarity(acts)
    for row, (columns, _scores) in enumerate(nearest(similar, together(acts), 4)[:10]):
        assert set(columns) == set(range(5 * (row // 5), 5 * (row // 5) + 5)) - {row}
    assert similar[0, 1:5].min() > 5 * similar[0, 5:].max()


@pytest.fixture
def crowd(person: Person) -> list[User]:
    return [person(f"crowd{i}") for i in range(4)]


@pytest.fixture
def posts(person: Person) -> list[Post]:
    writers = [person(f"author{i}") for i in range(4)]
    return [actions.publish(writer, f"Post of {writer.username}", language="en") for writer in writers]


def like(who: list[User], *liked: Post) -> None:
    for one in who:
        for post in liked:
            actions.like(one, post)


def near(post: Post) -> list[int]:
    row = PostNeighbours.objects.filter(pk=post.pk).first()
    return row.ids if row else []


def test_every_kind_of_act_counts_and_the_table_follows(crowd: list[User], posts: list[Post]) -> None:
    a, b, c, d = posts
    like(crowd, a, b)
    for one in crowd[:2]:
        actions.comment(one, c, "So true")
        actions.repost(one, c)
        actions.bookmark(one, d)
    like(crowd[2:3], d)
    matrix = neighbours.acts_on(np.array([post.pk for post in posts]))
    assert np.asarray(matrix.sum(axis=0)).ravel().tolist() == [4, 4, 2, 3]
    refresh_neighbours()
    assert near(a)[0] == b.pk
    assert near(b)[0] == a.pk
    for one in crowd:
        actions.unlike(one, b)
    refresh_neighbours()
    assert b.pk not in near(a)
    assert near(b) == []


def test_a_single_persons_pair_is_never_kept(crowd: list[User], posts: list[Post]) -> None:
    """What only one person joined would tell what they did; a bookmark is private."""
    a, b, c, _d = posts
    like(crowd[:2], a, b)
    like(crowd[1:3], c)  # crowd1 alone joins a and c
    refresh_neighbours()
    assert near(a) == [b.pk]
    assert near(c) == []


def test_no_consent_no_part(crowd: list[User], posts: list[Post]) -> None:
    like(crowd[:2], *posts[:2])
    people.give_consent(crowd[0], behaviour=False)
    refresh_neighbours()
    assert near(posts[0]) == []
    people.give_consent(crowd[0], behaviour=True)
    refresh_neighbours()
    assert near(posts[0]) == [posts[1].pk]
    Learner.objects.update_or_create(pk=crowd[0].pk, defaults={"reset_at": timezone.now() + timedelta(seconds=1)})
    refresh_neighbours()
    assert near(posts[0]) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leaves", ["withdraws", "is deleted"])
def test_who_leaves_is_out_at_once_and_one_refresh_is_queued(
    leaves: str, crowd: list[User], posts: list[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pair that only one other joins is gone before any worker ran; the pair of many stays."""
    queued: list[str] = []
    monkeypatch.setattr("ml.tasks.queue", lambda task, *_args: queued.append(task.name) or True)
    cache.delete(REFRESH_QUEUED)
    a, b, c, d = posts
    like(crowd, a, b)
    like(crowd[:2], c)
    actions.repost(crowd[0], d)
    actions.repost(crowd[1], d)
    refresh_neighbours()
    assert (set(near(a)), set(near(c))) == ({b.pk, c.pk, d.pk}, {a.pk, b.pk, d.pk})
    for one in crowd[:2]:
        if leaves == "withdraws":
            people.give_consent(one, behaviour=False)
        else:
            people.delete_account(one)
        assert (near(a), near(b), near(c), near(d)) == ([b.pk], [a.pk], [], [])
    assert queued == ["ml.refresh_neighbours"]
    refresh_neighbours()
    assert (near(a), near(c)) == ([b.pk], [])
    people.give_consent(crowd[2], behaviour=False)
    assert near(a) == []
    assert len(queued) == 2


def test_who_leaves_without_acts_changes_nothing(crowd: list[User], posts: list[Post], person: Person) -> None:
    like(crowd, *posts[:2])
    refresh_neighbours()
    assert neighbours.leave(person("nobody").pk) == 0
    assert near(posts[0]) == [posts[1].pk]


def test_acts_on_ones_own_posts_do_not_count(crowd: list[User], posts: list[Post]) -> None:
    own = actions.publish(crowd[0], "Mine", language="en")
    like(crowd[1:3], own, posts[0])
    like(crowd[:1], posts[0])
    actions.comment(crowd[0], own, "I add to what I said")
    matrix = neighbours.acts_on(np.array([own.pk, posts[0].pk]))
    assert np.asarray(matrix.sum(axis=0)).ravel().tolist() == [2, 3]


def test_a_flood_by_one_author_fills_little_of_the_window(
    crowd: list[User], posts: list[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "POSTS_OF_ONE", 2)
    author = User.objects.get(pk=posts[0].author_id)
    flood = [actions.publish(author, f"Again, number {i}", language="en") for i in range(6)]
    like(crowd[:2], *flood, *posts[1:])
    kept = set(neighbours.newest_posts().tolist())
    assert kept == {flood[4].pk, flood[5].pk, *(post.pk for post in posts[1:])}


def test_a_person_counts_with_their_newest_acts(
    crowd: list[User], posts: list[Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "ACTS_OF_ONE", 2)
    like(crowd[:1], *posts)
    matrix = neighbours.acts_on(np.array([post.pk for post in posts]))
    assert matrix.toarray().tolist() == [[0, 0, 1, 1]]


def test_a_purged_post_takes_its_row_along_and_a_hidden_one_is_no_candidate(
    alice: User, crowd: list[User], posts: list[Post]
) -> None:
    like([*crowd, alice], posts[0])
    like(crowd, *posts[1:])
    refresh_neighbours()
    assert {row.post_id for row in _found(alice)} == {post.pk for post in posts[1:]}
    actions.delete(User.objects.get(pk=posts[1].author_id), posts[1])
    assert posts[1].pk not in [item.post_id for item in serve.rank(alice, limit=50).items]
    posts[2].delete()
    assert near(posts[2]) == []
    assert posts[2].pk not in [item.post_id for item in serve.rank(alice, limit=50).items]


def _found(viewer: User) -> list[Any]:
    """What the source finds for the viewer, as rows of (post_id, via)."""
    asked = serve.query_for(User.objects.get(pk=viewer.pk), limit=50)
    for hydrate in serve.pipeline().query_hydrators:
        hydrate(asked)
    (found,) = sources.CO_ENGAGED(asked)
    return [type("Row", (), {"post_id": i, "via": v}) for i, v in zip(found.ids, found.via, strict=False)]


def test_the_source_leads_from_what_one_acted_on(alice: User, crowd: list[User], posts: list[Post]) -> None:
    like([*crowd, alice], posts[0])
    like(crowd, posts[1])
    refresh_neighbours()
    assert [(row.post_id, row.via) for row in _found(alice)] == [(posts[1].pk, posts[0].pk)]
    people.give_consent(alice, behaviour=False)
    assert _found(alice) == []


def test_it_costs_the_page_no_further_query(alice: User, crowd: list[User], posts: list[Post]) -> None:
    like([*crowd, alice], posts[0])
    like(crowd, posts[1])
    before = _asked_by_a_page(alice)
    refresh_neighbours()
    assert near(posts[0]) == [posts[1].pk]
    assert _asked_by_a_page(alice) == before


def _asked_by_a_page(viewer: User) -> int:
    """Queries of a page; the least of three, for some facts are asked for anew every few seconds."""
    counts = []
    for _turn in range(3):
        with CaptureQueriesContext(connection) as asked:
            serve.rank(viewer, limit=50)
        counts.append(len(asked))
    return min(counts)


def _reason(columns: dict[str, Any], found_by: list[str], **asked: Any) -> tuple[str, dict[str, Any]]:
    made = batch({"id": 9, "found_by": found_by, **columns})
    made = Candidates(made.ids, made.found_by, {"co-engaged": {9: 5}}, made.columns)
    terms = {name: np.array([columns.get(name, 0.0)]) for name in ("term:interest", "term:follows_author")}
    acts = (Act("like", 5, 3, NOW),)
    ((source, reason),) = reasons(query(learns=True, acts=acts, **asked), made.having(terms))
    return source, reason


def test_the_reason_speaks_where_nothing_stronger_does() -> None:
    alone, others = ["co-engaged"], ["co-engaged", "follows"]
    spoken = ("co-engaged", {"kind": "coengaged", "post": "5"})
    assert _reason({}, alone) == spoken
    assert _reason({"term:interest": 0.4}, alone) == spoken
    assert _reason({}, ["co-engaged", "rising"]) == spoken
    followed = _reason({"term:follows_author": 0.4, "term:interest": 0.1}, others, followed=frozenset({1}))
    assert followed == ("follows", {"kind": "follow", "person": 1})


def test_the_source_is_one_that_found_the_post_whatever_the_reason_speaks_of() -> None:
    bond = _reason({"term:follows_author": 0.4}, ["rising"])
    assert bond == ("rising", {"kind": "bond", "person": 1})


def test_the_sentence_quotes_only_what_the_reader_may_read(alice: User, bob: User) -> None:
    post = actions.publish(bob, "Bread without kneading", language="en")
    reason = {"kind": "coengaged", "post": str(post.pk)}
    assert sentences(alice, [reason]) == ["People who liked “Bread without kneading” also liked this"]
    warned = actions.publish(bob, "The butler did it", language="en", content_warning="the ending")
    assert sentences(alice, [{**reason, "post": str(warned.pk)}]) == ["People who liked a post by Bob also liked this"]
    actions.delete(bob, post)
    assert sentences(alice, [reason]) == ["People who liked the same posts as you also liked this"]
