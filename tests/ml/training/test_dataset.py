"""The dataset holds what was served and done, as it then stood, of those who allow it; and counts the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection

from accounts import actions as people
from accounts.models import Consent, ConsentChange
from feed.models import Feedback, Impression, Like, Post, Repost
from ml.models import Learner, PostVector
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS, bucket
from ml.training import dataset as made
from ml.training.dataset import NothingToLearn, chance_of_passed
from tests.ml.training.conftest import MODEL, Site

LIKE, OPEN, DWELL = (HEADS.index(name) for name in ("like", "open", "dwell"))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.fixture
def shown(site: Site) -> tuple[Any, list[Post], list[Impression]]:
    """A reader, eight posts of two authors, and one page with four of them, a day ago."""
    reader, one, two = (site.person(name) for name in ("reader", "one", "two"))
    posts = [site.write(author, number) for number, author in enumerate([one, two] * 4)]
    return reader, posts, site.show(reader, posts[:4], site.now - hours(24))


def test_a_row_holds_what_was_served_and_done(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, rows = shown
    site.act(rows[1], "like")
    site.act(rows[1], "link")
    Impression.objects.filter(pk=rows[2].pk).update(read_ms=30_000)
    data = collected()
    assert (len(data), len(data.labels)) == (1, 4)
    assert data.impression.tolist() == [row.pk for row in rows]
    assert data.person.tolist() == [reader.pk]
    assert data.position.tolist() == [0, 1, 2, 3]
    assert data.labels[:, LIKE].tolist() == [0, 1, 0, 0]
    assert data.labels[:, OPEN].tolist() == [0, 1, 0, 0]
    assert data.labels[:, DWELL].tolist() == [-1, -1, 1, -1], "a post whose time was not measured is unknown"
    assert data.row_author.tolist() == [bucket(post.author_id) for post in posts[:4]]
    vectors = np.stack([site.vectors[post.pk] for post in posts[:4]])
    assert np.abs(data.posts[data.row_post] - vectors).max() < 1e-3
    assert data.feature_names == NAMES
    logged = [row.features["freshness"] for row in rows]
    assert data.features[:, NAMES.index("freshness")] == pytest.approx(logged, abs=1e-6)


def test_a_number_that_was_not_logged_is_missing(site: Site, shown: Any, collected: Any) -> None:
    _reader, _posts, rows = shown
    features = {**rows[0].features, "quality": "high"}
    del features["interest"]
    Impression.objects.filter(pk=rows[0].pk).update(features=features)
    data = collected()
    assert np.isnan(data.features[0, [NAMES.index("interest"), NAMES.index("quality")]]).all()
    assert np.isfinite(data.features[1:]).all()


@pytest.mark.parametrize("switch", ["training", "behaviour"])
def test_without_consent_a_person_is_in_no_row_from_the_next_night_on(
    switch: str, site: Site, shown: Any, collected: Any
) -> None:
    reader, posts, _rows = shown
    site.show(posts[0].author, posts[4:6], site.now - hours(20))
    assert len(collected()) == 2
    people.give_consent(reader, **{switch: False})
    data = collected()
    assert reader.pk not in data.person
    assert (data.meta["rows"], data.meta["left_out_by_consent"]) == (2, 4)


def test_what_was_shown_before_the_consent_is_left_out(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    ConsentChange.objects.create(person=reader, switch="behaviour", given=True, at=site.now - hours(10))
    site.show(reader, posts[4:6], site.now - hours(5))
    data = collected()
    assert (data.meta["rows"], data.meta["left_out_by_consent"]) == (2, 4)


def test_opens_and_reading_are_unknown_without_their_consent(site: Site, shown: Any, collected: Any) -> None:
    reader, _posts, rows = shown
    Consent.objects.filter(person=reader).update(opens=False, reading_time=False)
    Impression.objects.filter(pk=rows[0].pk).update(read_ms=60_000)
    data = collected()
    assert (data.labels[:, [OPEN, DWELL]] == -1).all()
    assert (data.labels[:, LIKE] == 0).all()


def test_opens_are_unknown_before_that_consent(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    ConsentChange.objects.create(person=reader, switch="opens", given=True, at=site.now - hours(10))
    site.show(reader, posts[4:6], site.now - hours(5))
    assert collected().labels[:, OPEN].tolist() == [-1] * 4 + [0] * 2


def test_the_history_is_the_one_that_stood(site: Site, shown: Any, collected: Any) -> None:
    """What was done before, newest first; nothing later, nothing of one's own, nothing taken back by then."""
    reader, posts, _rows = shown
    at = site.now - hours(24)
    Like.objects.create(person=reader, post=posts[4], created_at=at - hours(3))
    Repost.objects.create(person=reader, post=posts[5], created_at=at - hours(2))
    Like.objects.create(person=reader, post=posts[6], created_at=at + hours(1))
    Like.objects.create(person=reader, post=site.write(reader), created_at=at - hours(1))
    undone_later = site.write(posts[0].author)
    for post, undone in ((posts[6], None), (posts[7], at - hours(1)), (undone_later, at + hours(1))):
        Feedback.objects.create(
            person=reader, post=post, kind="not_interested", created_at=at - hours(4), undone_at=undone
        )
    data = collected()
    count = int((data.hist_post[0] >= 0).sum())
    kinds = [KINDS[kind] for kind in data.hist_kind[0][:count]]
    ages = data.hist_age[0][:count]
    assert kinds == ["repost", "like", "refused", "refused"]
    assert ages == pytest.approx([2, 3, 4, 4], abs=1e-3)
    found = data.posts[data.hist_post[0][:2]]
    assert np.abs(found - np.stack([site.vectors[posts[5].pk], site.vectors[posts[4].pk]])).max() < 1e-3
    assert data.hist_author[0][:2].tolist() == [bucket(posts[5].author_id), bucket(posts[4].author_id)]


def test_a_like_never_stands_in_the_history_of_its_own_page(site: Site, shown: Any, collected: Any) -> None:
    _reader, _posts, rows = shown
    site.act(rows[0], "like", after=0.0)
    data = collected()
    assert data.labels[0, LIKE] == 1
    assert (data.hist_post == -1).all()


def test_of_ten_thousand_acts_the_newest_are_the_history(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    author = posts[0].author
    start = site.now - hours(5000)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feed_post (id, author_id, text, html, content_warning, language, visibility, is_comment,"
            " created_at, likes_count, comments_count, reposts_count, quotes_count)"
            " SELECT n, %s, '', '', '', '', 'public', false, %s, 0, 0, 0, 0 FROM generate_series(1, 10000) AS n",
            [author.pk, start],
        )
        cursor.execute(
            "INSERT INTO feed_like (person_id, post_id, created_at)"
            " SELECT %s, n, %s + n * interval '1 minute' FROM generate_series(1, 10000) AS n",
            [reader.pk, start],
        )
        cursor.execute(
            "INSERT INTO ml_postvector (post_id, model, vector, digest, created_at)"
            " SELECT n, %s, '[1,0,0,0,0,0,0,0]', '', %s FROM generate_series(9701, 10000) AS n",
            [MODEL, start],
        )
    data = collected()
    assert (data.hist_post[0] >= 0).all(), "64 acts, and no more"
    assert (np.diff(data.hist_age[0]) > 0).all(), "the newest ones"
    assert data.hist_age[0][0] == pytest.approx((5000 - 24) - 10_000 / 60, abs=0.01)


def test_what_was_before_a_reset_counts_for_nothing(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    Like.objects.create(person=reader, post=posts[4], created_at=site.now - hours(30))
    Like.objects.create(person=reader, post=posts[5], created_at=site.now - hours(6))
    Learner.objects.create(person=reader, reset_at=site.now - hours(10))
    site.show(reader, posts[6:8], site.now - hours(5))
    data = collected()
    assert (data.meta["rows"], data.meta["left_out"]["before_reset"]) == (2, 4)
    assert (data.hist_post[0] >= 0).sum() == 1


def test_clocks_that_run_wrong_are_left_out_and_counted(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, rows = shown
    site.show(reader, posts[4:6], site.now + hours(3))
    site.act(rows[0], "like", after=-7200)
    data = collected()
    assert data.impression.tolist() == [row.pk for row in rows[1:]]
    assert data.meta["left_out"]["from_the_future"] == 2
    assert data.meta["left_out"]["outcome_before_impression"] == 1


def test_posts_acted_on_before_they_were_shown_teach_nothing_and_are_counted(
    site: Site, shown: Any, collected: Any
) -> None:
    reader, posts, rows = shown
    (again, strange) = site.show(reader, posts[4:6], site.now - hours(5))
    for row, days in ((again, 9.0), (strange, "nine")):
        row.features["acted_days_ago"] = days
        row.save()
    data = collected()
    assert data.impression.tolist() == [*(row.pk for row in rows), strange.pk]
    assert data.meta["left_out"]["acted_before"] == 1


def test_deleted_posts_are_left_out_of_rows_and_of_histories(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    Like.objects.create(person=reader, post=posts[5], created_at=site.now - hours(48))
    Post.objects.filter(pk__in=[posts[0].pk, posts[5].pk]).update(deleted_at=site.now)
    data = collected()
    assert (data.meta["rows"], data.meta["left_out"]["deleted_posts"]) == (3, 1)
    assert (data.hist_post == -1).all()


def test_a_vector_of_another_encoder_is_no_vector(site: Site, shown: Any, collected: Any) -> None:
    _reader, posts, _rows = shown
    PostVector.objects.filter(post=posts[1]).update(model="another")
    assert collected().row_post.tolist()[1] == -1


def test_who_likes_everything_is_left_out(site: Site, shown: Any, collected: Any) -> None:
    _reader, posts, _rows = shown
    robot = site.person("robot")
    for page in range(7):
        for row in site.show(robot, posts, site.now - hours(20 - page)):
            site.act(row, after=60.0 * (row.position + 1))
    data = collected()
    assert robot.pk not in data.person
    assert (data.meta["left_out"]["of_bots"], data.meta["bots"]) == (56, 1)


def test_who_acts_faster_than_anyone_reads_is_left_out(site: Site, shown: Any, collected: Any) -> None:
    _reader, posts, _rows = shown
    robot = site.person("robot")
    start = (site.now - hours(20)).replace(second=0, microsecond=0)
    for page in range(10):
        for row in site.show(robot, posts, start + timedelta(seconds=page))[:4]:
            site.act(row, after=1.0)
    data = collected()
    assert robot.pk not in data.person
    assert data.meta["bots"] == 1


def test_a_flooding_author_weighs_no_more_than_their_share(site: Site, collected: Any) -> None:
    reader, flooder = site.person("reader"), site.person("flooder")
    others = [site.write(site.person(f"author{n}")) for n in range(19)]
    flood = [site.write(flooder) for _ in range(60)]
    site.show(reader, others + flood, site.now - hours(24))
    data = collected()
    theirs = data.row_author == bucket(flooder.pk)
    most = 0.15 * 79  # three times the equal share of twenty authors
    assert data.weight[theirs].sum() == pytest.approx(most, rel=1e-4)
    assert (data.weight[~theirs] == 1).all()
    assert data.meta["flooding_authors"] == 1


def test_pages_that_nobody_acted_on_are_sampled_by_inverse_weights(
    site: Site, collected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, author = site.person("reader"), site.person("author")
    posts = [site.write(author, n) for n in range(4)]
    acted = site.show(reader, posts, site.now - hours(300))
    site.act(acted[0])
    for page in range(200):
        site.show(reader, posts, site.now - hours(1 + page))
    monkeypatch.setattr(made, "ROWS_WHOLE", 404)
    data = collected()
    assert data.meta["chance_of_passed"] == 0.5
    assert data.weight[:4].tolist() == [1, 1, 1, 1]
    assert (data.weight[4:] == 2).all()
    assert 60 < len(data) - 1 < 140
    assert data.meta["left_out"]["passed_by_chance"] == 804 - len(data.labels)


@pytest.mark.parametrize(
    ("acted", "total", "chance"),
    [(10, 1000, 1.0), (100_000, 500_000, 0.5), (300_000, 1_000_000, 0.1), (0, 10_000_000, 0.1), (500_000, 500_000, 1)],
)
def test_the_chance_of_a_page_that_nobody_acted_on(acted: int, total: int, chance: float) -> None:
    assert chance_of_passed(acted, total) == chance


def test_nothing_to_learn_is_said(site: Site, collected: Callable[[], Any]) -> None:
    with pytest.raises(NothingToLearn, match="Nobody"):
        collected()


def test_requests_come_in_the_order_of_time_and_only_of_for_you(site: Site, shown: Any, collected: Any) -> None:
    reader, posts, _rows = shown
    site.show(reader, posts[4:5], site.now - hours(40))
    site.show(reader, posts[4:5], site.now - hours(30), surface="explore")
    data = collected()
    assert len(data) == 2
    assert (np.diff(data.shown_at) > 0).all()
    assert data.start.tolist() == [0, 1, 5]
