"""The statements behind suggestions: each gives rows of (id, kind of evidence, how much, via), each part is bounded.

The %(names)s are those of `suggest._evidence`; what needs the consent `behaviour` asks %(learns)s itself.
"""

from __future__ import annotations

_FOLLOWED = "(SELECT id FROM unnest(%(followed)s::bigint[]) WITH ORDINALITY AS f(id, at) LIMIT 500) AS f"
# Likes since the person last had the site forget what it learned, and none without their consent.
_LEARNT = """%(learns)s AND created_at >
   coalesce((SELECT reset_at FROM ml_learner WHERE person_id = %(viewer)s), '-infinity')"""
_LEARNT_K = _LEARNT.replace("created_at", "k.created_at")
_OPEN = "p.deleted_at IS NULL AND NOT p.is_comment AND p.visibility = 'public'"

# "alike": who liked the same posts, of those who let the site learn; a like of a post many like says less, and so does
# one of a person who likes everything.
PEOPLE = f"""
(SELECT w.followed_id, 'friends', count(*)::float8, (array_agg(f.id ORDER BY w.id DESC))[1]
   FROM {_FOLLOWED} CROSS JOIN LATERAL
   (SELECT id, followed_id FROM accounts_follow WHERE follower_id = f.id ORDER BY id DESC LIMIT 100) AS w
   GROUP BY 1 ORDER BY 3 DESC LIMIT 150)
UNION ALL (SELECT follower_id, 'follows-you', 1.0, NULL FROM accounts_follow
   WHERE followed_id = %(viewer)s ORDER BY id DESC LIMIT 60)
UNION ALL (SELECT p.author_id, 'their-posts', count(*)::float8, NULL FROM
   (SELECT post_id FROM feed_like WHERE {_LEARNT} AND person_id = %(viewer)s ORDER BY id DESC LIMIT 300) AS l
   JOIN feed_post p ON p.id = l.post_id AND p.deleted_at IS NULL GROUP BY 1 HAVING count(*) > 1
   ORDER BY 3 DESC LIMIT 80)
UNION ALL (SELECT a.person_id, 'alike', a.much * sqrt(20.0 / greatest(20, n.likes)), NULL FROM
   (SELECT l.person_id, sum(1 / ln(2 + m.likes_count))::float8 AS much FROM
      (SELECT k.post_id, p.likes_count FROM feed_like k JOIN feed_post p ON p.id = k.post_id
       WHERE {_LEARNT_K} AND k.person_id = %(viewer)s ORDER BY k.id DESC LIMIT 60) AS m
      CROSS JOIN LATERAL (SELECT person_id FROM feed_like WHERE post_id = m.post_id ORDER BY id DESC LIMIT 60) AS l
      JOIN accounts_consent c ON c.person_id = l.person_id AND c.behaviour
      WHERE l.person_id <> %(viewer)s GROUP BY 1 HAVING count(*) >= 3 ORDER BY 2 DESC LIMIT 60) AS a
   CROSS JOIN LATERAL (SELECT count(*) AS likes FROM
      (SELECT 1 FROM feed_like WHERE person_id = a.person_id LIMIT 500) AS few) AS n)
UNION ALL (SELECT p.author_id, 'writes', count(*)::float8, t.id FROM unnest(%(topics)s::bigint[]) AS t(id)
   CROSS JOIN LATERAL (SELECT post_id FROM feed_posttopic WHERE topic_id = t.id AND post_id > %(oldest)s
     ORDER BY post_id DESC LIMIT 200) AS w
   JOIN feed_post p ON p.id = w.post_id AND {_OPEN} GROUP BY p.author_id, t.id HAVING count(*) > 1
   ORDER BY 3 DESC LIMIT 120)
UNION ALL (SELECT m.person_id, 'group', 1.0, g.id FROM unnest(%(groups)s::bigint[]) AS g(id)
   CROSS JOIN LATERAL (SELECT person_id FROM feed_membership WHERE group_id = g.id AND state = 'active'
     ORDER BY id DESC LIMIT 40) AS m LIMIT 120)
UNION ALL (SELECT user_id, 'popular', followers_count::float8, NULL FROM accounts_profile
   WHERE recommendable AND posts_count > 0 ORDER BY followers_count DESC LIMIT 60)
"""  # noqa: S608 - put together from constants of this file

TOPICS = f"""
(SELECT m.id, 'friends-write', count(DISTINCT p.author_id)::float8,
        (array_agg(p.author_id ORDER BY p.id DESC))[1]
   FROM {_FOLLOWED} CROSS JOIN LATERAL
   (SELECT id, author_id FROM feed_post p WHERE p.author_id = f.id AND {_OPEN} ORDER BY p.id DESC LIMIT 15) AS p
   JOIN feed_posttopic o ON o.post_id = p.id JOIN feed_topic t ON t.id = o.topic_id
   JOIN feed_topic m ON m.id = coalesce(t.alias_of_id, t.id)
   GROUP BY m.id HAVING bool_or(m.curated) OR count(DISTINCT p.author_id) > 1 ORDER BY 3 DESC LIMIT 60)
UNION ALL (SELECT topic_id, 'your-group', 1.0, id FROM feed_group
   WHERE id = ANY(%(groups)s::bigint[]) AND topic_id IS NOT NULL LIMIT 60)
UNION ALL (SELECT id, 'popular', followers_count::float8, NULL FROM feed_topic
   WHERE curated AND alias_of_id IS NULL ORDER BY followers_count DESC LIMIT 60)
"""  # noqa: S608 - likewise

# Who is in a group by approval is known to its members only, and its posts are theirs.
GROUPS = f"""
(SELECT m.group_id, 'members', count(*)::float8, (array_agg(m.person_id ORDER BY m.id DESC))[1] FROM {_FOLLOWED}
   JOIN feed_membership m ON m.person_id = f.id AND m.state = 'active'
   JOIN feed_group g ON g.id = m.group_id AND NOT g.approval GROUP BY 1 ORDER BY 3 DESC LIMIT 60)
UNION ALL (SELECT p.group_id, 'liked-posts', count(*)::float8, NULL FROM
   (SELECT post_id FROM feed_like WHERE {_LEARNT} AND person_id = %(viewer)s ORDER BY id DESC LIMIT 300) AS l
   JOIN feed_post p ON p.id = l.post_id AND p.deleted_at IS NULL AND p.group_id IS NOT NULL GROUP BY 1 LIMIT 60)
UNION ALL (SELECT id, 'topic', 1.0, topic_id FROM feed_group WHERE topic_id = ANY(%(topics)s::bigint[])
   ORDER BY members_count DESC LIMIT 60)
UNION ALL (SELECT id, 'popular', members_count::float8, NULL FROM feed_group ORDER BY members_count DESC LIMIT 60)
"""  # noqa: S608 - likewise

# Of %(ids)s: who wants to be recommended, is there, writes, and was not said no to; and whether a language is shared.
MAY_BE_SUGGESTED = """
SELECT f.user_id, %(languages)s::text[] = '{}' OR f.languages = '{}'
    OR EXISTS (SELECT 1 FROM unnest(f.languages) AS tag
               WHERE lower(split_part(tag, '-', 1)) = ANY(%(languages)s::text[]))
FROM accounts_profile f JOIN accounts_user u ON u.id = f.user_id AND u.is_active
WHERE f.user_id = ANY(%(ids)s::bigint[]) AND f.recommendable AND f.posts_count > 0
  AND NOT EXISTS (SELECT 1 FROM feed_dismissal d WHERE d.person_id = %(viewer)s AND d.who_id = f.user_id)
"""

AUTHORS = "SELECT id, author_id FROM feed_post WHERE id = ANY(%(ids)s::bigint[]) AND deleted_at IS NULL"
