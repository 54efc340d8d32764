"""What is known of the one who asks: relations, wishes, acts, what they were shown, interests. Knows no candidate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json import loads
from time import monotonic
from typing import Any

import numpy as np

from ml.embedding.centre import site_centres
from ml.embedding.interests import interests_of
from ml.embedding.nearest import from_bytes
from ml.ranking.candidate import Act, Interests, Query, Said, Shown, Sliders
from ml.ranking.rates import USUAL, usual_response
from ml.ranking.sources import BY_ONE
from ml.ranking.sql import rows
from ml.registry import serving_encoder

ACTIVE_POSTS = 20_000  # the home page looks back over about so many posts …
WINDOW_HOURS = (48.0, 720.0)  # … but never less than two days nor more than thirty
SHOWN_DAYS = 7
SHOWN_ROWS = 1000
VISIT = timedelta(minutes=30)
TOPIC_MEMORY = timedelta(days=1)  # what was shown longer ago keeps no other post of its topics waiting
TOPICS_KEPT_SECONDS = 60

JUDGED = 400  # newest posts that set the pace of the site
A_DAY = 20  # whoever wrote more of them a day floods the site, and sets it no pace
SAID = 2000  # newest noes of either sort that are in force: one sort never pushes the other out
FEWER_DAYS = 154  # after so many, "see fewer" is over
_IN_FORCE = "person_id = %(viewer)s AND undone_at IS NULL AND created_at <= %(now)s"
_FEWER = "kind IN ('fewer_author', 'fewer_topic')"
_PUBLIC_POSTS = """SELECT id, author_id, likes_count + 2 * comments_count + 2 * reposts_count AS acts FROM feed_post
  WHERE deleted_at IS NULL AND NOT is_comment AND visibility = 'public'"""
_RELATIONS = f"""
SELECT f.languages, c.behaviour,
  ARRAY(SELECT followed_id FROM accounts_follow WHERE follower_id = %(viewer)s ORDER BY id DESC LIMIT 2000),
  ARRAY(SELECT CASE WHEN blocker_id = %(viewer)s THEN blocked_id ELSE blocker_id END FROM accounts_block
        WHERE blocker_id = %(viewer)s OR blocked_id = %(viewer)s),
  ARRAY(SELECT muted_id FROM accounts_mute WHERE muter_id = %(viewer)s AND (until IS NULL OR until > %(now)s)),
  ARRAY(SELECT coalesce(a.id, m.topic_id) FROM feed_mutedtopic m LEFT JOIN feed_topic a
        ON a.id = m.topic_id OR a.alias_of_id = m.topic_id
        WHERE m.person_id = %(viewer)s AND (m.until IS NULL OR m.until > %(now)s)),
  ARRAY(SELECT phrase FROM accounts_mutedphrase WHERE person_id = %(viewer)s AND (until IS NULL OR until > %(now)s)),
  (SELECT jsonb_agg(jsonb_build_array(a.id, t.shown_as, t.title_en, t.title_zh)) FROM feed_topicfollow w
     JOIN feed_topic t ON t.id = w.topic_id JOIN feed_topic a ON a.id = t.id OR a.alias_of_id = t.id
     WHERE w.person_id = %(viewer)s),
  (SELECT jsonb_agg(jsonb_build_array(g.id, g.name)) FROM feed_membership m JOIN feed_group g ON g.id = m.group_id
     WHERE m.person_id = %(viewer)s AND m.state = 'active'),
  (SELECT jsonb_agg(jsonb_build_array(s.kind, s.post_id, s.author_id, coalesce(a.id, s.topic_id),
                                      extract(epoch FROM s.created_at), p.author_id) ORDER BY s.id DESC)
     FROM ((SELECT * FROM feed_feedback WHERE {_IN_FORCE} AND {_FEWER}
              AND created_at > %(now)s - interval '{FEWER_DAYS} days' ORDER BY id DESC LIMIT {SAID})
           UNION ALL
           (SELECT * FROM feed_feedback WHERE {_IN_FORCE} AND NOT {_FEWER} ORDER BY id DESC LIMIT {SAID})) AS s
     LEFT JOIN feed_topic a ON a.id = s.topic_id OR a.alias_of_id = s.topic_id
     LEFT JOIN feed_post p ON p.id = s.post_id AND p.deleted_at IS NULL AND p.author_id <> s.person_id),
  (WITH newest AS MATERIALIZED ({_PUBLIC_POSTS} ORDER BY id DESC LIMIT {JUDGED}),
     loud AS (SELECT author_id, (array_agg(id ORDER BY id DESC))[{BY_ONE}] AS since FROM newest GROUP BY author_id
       HAVING count(*) > {A_DAY} * greatest(1, (%(now_ms)s - (SELECT min(id) >> 16 FROM newest)) / 86400000.0)),
     paced AS (SELECT id, acts FROM newest WHERE id > %(oldest)s AND NOT EXISTS (SELECT FROM loud)
       UNION ALL (SELECT id, acts FROM ({_PUBLIC_POSTS}) AS p WHERE EXISTS (SELECT FROM loud)
         AND id > %(oldest)s AND author_id NOT IN (SELECT author_id FROM loud) ORDER BY id DESC LIMIT {JUDGED}))
   SELECT jsonb_build_array(coalesce((SELECT avg(acts) FROM paced), (SELECT avg(acts) FROM newest)), count(*), min(id),
     (SELECT jsonb_object_agg(author_id, since) FROM loud)) FROM paced),
  (SELECT reset_at FROM ml_learner WHERE person_id = %(viewer)s),
  (SELECT jsonb_build_array(people, fresh, broad, talk, languages) FROM ml_steering WHERE person_id = %(viewer)s)
FROM accounts_profile f LEFT JOIN accounts_consent c ON c.person_id = f.user_id WHERE f.user_id = %(viewer)s
"""  # noqa: S608 - put together from constants


class Relations:
    """Languages, consent, follows, topics, groups, blocks, mutes, feedback, sliders, the pace of the site: one query.

    The window is the time in which about ACTIVE_POSTS posts are written, judged by the newest 400 of the last thirty
    days; whoever floods the site counts in neither the window nor what is typical.
    """

    name = "relations"

    def __call__(self, query: Query) -> None:
        facts = {"viewer": query.viewer_id, "now": query.now, "now_ms": int(query.now.timestamp() * 1000)}
        found = rows(_RELATIONS, {**facts, "oldest": _oldest(query.now)})
        if not found:
            return
        languages, learns, followed, blocked, people, topics, phrases, follows, groups, said, pace, *own = found[0]
        query.reset_at, query.sliders = own[0], _sliders(_read(own[1]))
        query.languages = frozenset(tag.split("-")[0].lower() for tag in query.sliders.languages or languages)
        query.learns = bool(learns)
        query.followed = frozenset(followed)
        query.blocked = frozenset(blocked)
        query.muted_people = frozenset(people)
        query.muted_topics = frozenset(topics)
        query.muted_phrases = tuple(phrases)
        query.topics = {row[0]: {"tag": row[1], "en": row[2], "zh": row[3]} for row in _read(follows)}
        query.groups = {row[0]: row[1] for row in _read(groups)}
        query.said = tuple(
            Said(kind, post, author, topic, datetime.fromtimestamp(float(at), UTC), post_author)
            for kind, post, author, topic, at, post_author in _read(said)
        )
        acts, posts, oldest, loud = _read(pace)
        query.typical_acts, query.window_hours = pace_of(acts, posts, oldest, query.now)
        # Where others write too little to fill a page, what one person writes a lot of is better than nothing.
        query.loud = {int(who): since for who, since in (loud or {}).items()} if posts == JUDGED else {}


def _read(json: Any) -> list[Any]:
    """What PostgreSQL put together as JSON; Django's connections hand it over as text."""
    return (loads(json) if isinstance(json, str) else json) or []


def _sliders(row: list[Any]) -> Sliders:
    if not row:
        return Sliders()
    people, fresh, broad, talk, languages = row
    return Sliders(people, fresh, broad, talk, tuple(languages))


def pace_of(acts: float | None, posts: int, oldest: int | None, now: datetime) -> tuple[float, float]:
    """(acts a post has on average, hours the home page looks back) from the newest posts of the site."""
    least, most = WINDOW_HOURS
    typical = 1.0 if acts is None else max(float(acts), 0.5)
    if not posts or oldest is None:
        return typical, most
    span = now.timestamp() / 3600 - (int(oldest) >> 16) / 3_600_000
    return typical, float(min(max(span * ACTIVE_POSTS / posts, least), most))


def _oldest(now: datetime) -> int:
    """The snowflake before which no window begins."""
    return int((now.timestamp() - WINDOW_HOURS[1] * 3600) * 1000) << 16


_ACTS = """
SELECT a.kind, a.post_id, p.author_id, a.at, p.language FROM (
  (SELECT 'like' AS kind, post_id, created_at AS at FROM feed_like
     WHERE person_id = %(viewer)s AND created_at <= %(now)s ORDER BY id DESC LIMIT 200)
  UNION ALL (SELECT 'repost', post_id, created_at FROM feed_repost
     WHERE person_id = %(viewer)s AND created_at <= %(now)s ORDER BY id DESC LIMIT 60)
  UNION ALL (SELECT 'bookmark', post_id, created_at FROM feed_bookmark
     WHERE person_id = %(viewer)s AND created_at <= %(now)s ORDER BY id DESC LIMIT 60)
  UNION ALL (SELECT 'comment', parent_id, created_at FROM feed_post
     WHERE author_id = %(viewer)s AND parent_id IS NOT NULL AND deleted_at IS NULL AND created_at <= %(now)s
     ORDER BY id DESC LIMIT 100)
) AS a JOIN feed_post p ON p.id = a.post_id
WHERE p.author_id <> %(viewer)s AND p.deleted_at IS NULL ORDER BY a.at DESC
"""


class Acts:
    """The last likes, answers, reposts and bookmarks of the viewer, newest first: one query. Of each kind so many only,
    however much somebody did; what came before a reset stands apart."""

    name = "acts"

    def __call__(self, query: Query) -> None:
        acts = [Act(*row) for row in rows(_ACTS, {"viewer": query.viewer_id, "now": query.now})]
        reset = query.reset_at
        query.acts = tuple(act for act in acts if reset is None or act.at > reset)
        query.acts_before_reset = tuple(act for act in acts if reset is not None and act.at <= reset)


_SHOWN = """
SELECT i.post_id, p.author_id, count(DISTINCT floor(extract(epoch FROM i.shown_at) / %(visit)s)), max(i.shown_at),
  CASE WHEN max(i.shown_at) > %(yesterday)s
    THEN ARRAY(SELECT topic_id FROM feed_posttopic t WHERE t.post_id = i.post_id) END FROM (
  SELECT post_id, shown_at FROM feed_impression
  WHERE person_id = %(viewer)s AND shown_at > %(since)s AND shown_at < %(this_visit)s
  ORDER BY shown_at DESC LIMIT %(rows)s
) AS i JOIN feed_post p ON p.id = i.post_id GROUP BY i.post_id, p.author_id
"""


class Impressions:
    """What the viewer was shown in the last days, and on how many visits: one query. Memory across visits starts here.

    What was shown within the last half hour is still being read: whoever comes back from a post, or reloads, finds the
    page as they left it, but for what they did meanwhile and what is new.
    """

    name = "impressions"

    def __call__(self, query: Query) -> None:
        since = query.now - timedelta(days=SHOWN_DAYS)
        found = rows(
            _SHOWN,
            {
                "viewer": query.viewer_id,
                "since": since,
                "this_visit": query.now - VISIT,
                "visit": VISIT.total_seconds(),
                "yesterday": query.now - TOPIC_MEMORY,
                "rows": SHOWN_ROWS,
            },
        )
        query.shown = {row[0]: Shown(row[1], row[2], row[3], tuple(row[4] or ())) for row in found}


class LearnedInterests:
    """The interest vectors: those from acts only of people who let the site learn, chosen ones always. One query."""

    name = "interests"

    def __call__(self, query: Query) -> None:
        query.model = serving_encoder()
        if not query.model:
            return
        query.centres = site_centres(query.model)  # kept for minutes in each process
        found = interests_of(query.viewer_id, query.model)
        allowed = [i for i, source in enumerate(found.sources) if query.learns or source == "chosen"]
        query.interests = Interests(
            found.vectors[allowed] if allowed else found.vectors[:0],
            found.strengths[allowed],
            found.negatives,
            [found.words[i] for i in allowed],
            [found.topics[i] for i in allowed],
            [found.sources[i] == "chosen" for i in allowed],
        )


_TOPICS = f"""
SELECT v.topic_id, halfvec_send(v.vector), v.posts, ARRAY(SELECT id FROM feed_topic WHERE alias_of_id = v.topic_id),
  {USUAL}
FROM ml_topicvector v WHERE v.model = %(model)s ORDER BY v.topic_id
"""  # noqa: S608 - put together from constants


@lru_cache(maxsize=2)
def _topics(model: str, _period: int) -> tuple[Any, ...]:
    return tuple(rows(_TOPICS, {"model": model}))


def forget() -> None:
    _topics.cache_clear()


class TopicCentres:
    """The centres of all curated topics, their shares of the site, and how often the site answers what it shows.

    They are the same for all and kept for a minute.
    """

    name = "topic centres"

    def __call__(self, query: Query) -> None:
        found = _topics(query.model, int(monotonic() // TOPICS_KEPT_SECONDS)) if query.model else ()
        query.topic_vectors = from_bytes([row[1] for row in found])
        posts = np.array([row[2] for row in found], dtype=np.float32) + 1
        query.topic_shares = posts / posts.sum() if len(posts) else posts
        if found:
            query.usual_response = usual_response(*map(float, found[0][4]))
        query.topic_places = {topic: place for place, row in enumerate(found) for topic in (row[0], *row[3])}
