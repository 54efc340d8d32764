"""The statements behind suggestions: each gives rows of (id, kind of evidence, how much, via), each part is bounded.

The %(names)s are those of `suggest._evidence`; what needs the consent `behaviour` asks %(learns)s itself. What a person
has already, or said no to, is left out before a part is cut short (`taken`), so that refusals never use up the places.
Evidence from posts of others is of public ones only, evidence from people of those who are here.
"""

from __future__ import annotations

_FOLLOWED = """(SELECT f.id FROM unnest(%(followed)s::bigint[]) WITH ORDINALITY AS f(id, at)
   JOIN accounts_user u ON u.id = f.id AND u.is_active LIMIT 500) AS f"""
# Likes since the person last had the site forget what it learned, and none without their consent.
_LEARNT = """%(learns)s AND created_at >
   coalesce((SELECT reset_at FROM ml_learner WHERE person_id = %(viewer)s), '-infinity')"""
_LEARNT_K = _LEARNT.replace("created_at", "k.created_at")
_PUBLIC = """p.deleted_at IS NULL AND p.visibility = 'public' AND NOT EXISTS
   (SELECT FROM feed_label x WHERE x.post_id = p.id AND x.name = 'hidden' AND x.lifted_at IS NULL)"""
_OPEN = f"NOT p.is_comment AND {_PUBLIC}"
_FREE = "NOT IN (SELECT id FROM taken)"

# "alike": who liked the same posts, of those who let the site learn; a like of a post many like says less, and so does
# one of a person who likes everything.
PEOPLE = f"""
WITH taken AS MATERIALIZED (SELECT followed_id AS id FROM accounts_follow WHERE follower_id = %(viewer)s
   UNION ALL SELECT who_id FROM feed_dismissal WHERE person_id = %(viewer)s AND who_id IS NOT NULL
   UNION ALL SELECT unnest(%(refused)s::bigint[]))
(SELECT w.followed_id, 'friends', count(*)::float8, (array_agg(f.id ORDER BY w.id DESC))[1]
   FROM {_FOLLOWED} CROSS JOIN LATERAL
   (SELECT id, followed_id FROM accounts_follow WHERE follower_id = f.id AND followed_id {_FREE}
    ORDER BY id DESC LIMIT 100) AS w
   GROUP BY 1 ORDER BY 3 DESC LIMIT 150)
UNION ALL (SELECT follower_id, 'follows-you', 1.0, NULL FROM accounts_follow
   WHERE followed_id = %(viewer)s AND follower_id {_FREE} ORDER BY id DESC LIMIT 60)
UNION ALL (SELECT p.author_id, 'their-posts', count(*)::float8, NULL FROM
   (SELECT post_id FROM feed_like WHERE {_LEARNT} AND person_id = %(viewer)s ORDER BY id DESC LIMIT 300) AS l
   JOIN feed_post p ON p.id = l.post_id AND p.deleted_at IS NULL AND p.author_id {_FREE}
   GROUP BY 1 HAVING count(*) > 1 ORDER BY 3 DESC LIMIT 80)
UNION ALL (SELECT a.person_id, 'alike', a.much * sqrt(20.0 / greatest(20, n.likes)), NULL FROM
   (SELECT l.person_id, sum(1 / ln(2 + m.likes_count))::float8 AS much FROM
      (SELECT k.post_id, p.likes_count FROM feed_like k JOIN feed_post p ON p.id = k.post_id AND {_PUBLIC}
       WHERE {_LEARNT_K} AND k.person_id = %(viewer)s ORDER BY k.id DESC LIMIT 60) AS m
      CROSS JOIN LATERAL (SELECT person_id FROM feed_like WHERE post_id = m.post_id ORDER BY id DESC LIMIT 60) AS l
      JOIN accounts_consent c ON c.person_id = l.person_id AND c.behaviour
      WHERE l.person_id {_FREE} GROUP BY 1 HAVING count(*) >= 3 ORDER BY 2 DESC LIMIT 60) AS a
   CROSS JOIN LATERAL (SELECT count(*) AS likes FROM
      (SELECT 1 FROM feed_like WHERE person_id = a.person_id LIMIT 500) AS few) AS n)
UNION ALL (SELECT p.author_id, 'writes', count(*)::float8, t.id FROM unnest(%(topics)s::bigint[]) AS t(id)
   CROSS JOIN LATERAL (SELECT post_id FROM feed_posttopic WHERE topic_id = t.id AND post_id > %(oldest)s
     ORDER BY post_id DESC LIMIT 200) AS w
   JOIN feed_post p ON p.id = w.post_id AND p.author_id {_FREE} AND {_OPEN}
   GROUP BY p.author_id, t.id HAVING count(*) > 1 ORDER BY 3 DESC LIMIT 120)
UNION ALL (SELECT m.person_id, 'group', 1.0, g.id FROM unnest(%(groups)s::bigint[]) AS g(id)
   CROSS JOIN LATERAL (SELECT person_id FROM feed_membership
     WHERE group_id = g.id AND state = 'active' AND person_id {_FREE} ORDER BY id DESC LIMIT 40) AS m LIMIT 120)
UNION ALL (SELECT user_id, 'popular', followers_count::float8, NULL FROM accounts_profile
   WHERE recommendable AND posts_count > 0 AND user_id {_FREE} ORDER BY followers_count DESC LIMIT 60)
"""  # noqa: S608 - put together from constants of this file

# %(liked)s are topics of the viewer's interests, %(shares)s their shares.
TOPICS = f"""
WITH taken AS MATERIALIZED (SELECT coalesce(t.alias_of_id, t.id) AS id FROM feed_topic t WHERE t.id = ANY(
   ARRAY(SELECT topic_id FROM feed_topicfollow WHERE person_id = %(viewer)s)
   || ARRAY(SELECT topic_id FROM feed_dismissal WHERE person_id = %(viewer)s AND topic_id IS NOT NULL)
   || %(refused)s::bigint[]))
(SELECT m.id, 'friends-write', count(DISTINCT p.author_id)::float8,
        (array_agg(p.author_id ORDER BY p.id DESC))[1]
   FROM {_FOLLOWED} CROSS JOIN LATERAL
   (SELECT id, author_id FROM feed_post p WHERE p.author_id = f.id AND {_OPEN} ORDER BY p.id DESC LIMIT 15) AS p
   JOIN feed_posttopic o ON o.post_id = p.id JOIN feed_topic t ON t.id = o.topic_id
   JOIN feed_topic m ON m.id = coalesce(t.alias_of_id, t.id)
   WHERE m.id {_FREE}
   GROUP BY m.id HAVING bool_or(m.curated) OR count(DISTINCT p.author_id) > 1 ORDER BY 3 DESC LIMIT 60)
UNION ALL (SELECT coalesce(t.alias_of_id, t.id), 'your-group', 1.0, g.id FROM feed_group g
   JOIN feed_topic t ON t.id = g.topic_id AND coalesce(t.alias_of_id, t.id) {_FREE}
   WHERE g.id = ANY(%(groups)s::bigint[]) LIMIT 60)
UNION ALL (SELECT coalesce(t.alias_of_id, t.id), 'liked', l.share, NULL
   FROM unnest(%(liked)s::bigint[], %(shares)s::float8[]) AS l(id, share)
   JOIN feed_topic t ON t.id = l.id AND coalesce(t.alias_of_id, t.id) {_FREE})
UNION ALL (SELECT id, 'popular', followers_count::float8, NULL FROM feed_topic
   WHERE curated AND alias_of_id IS NULL AND id {_FREE} ORDER BY followers_count DESC LIMIT 60)
"""  # noqa: S608 - likewise

# Who is in a group by approval is known to its members only, and its posts are theirs. %(refused)s are people here:
# a group whose owner one blocked, or who blocked one, is not offered.
_FREE_GROUP = f"JOIN accounts_user o ON o.id = g.owner_id AND o.is_active AND g.id {_FREE}"
GROUPS = f"""
WITH taken AS MATERIALIZED (SELECT group_id AS id FROM feed_membership WHERE person_id = %(viewer)s
   UNION ALL SELECT group_id FROM feed_dismissal WHERE person_id = %(viewer)s AND group_id IS NOT NULL
   UNION ALL SELECT id FROM feed_group WHERE owner_id = ANY(%(refused)s::bigint[]))
(SELECT m.group_id, 'members', count(*)::float8, (array_agg(m.person_id ORDER BY m.id DESC))[1] FROM {_FOLLOWED}
   JOIN feed_membership m ON m.person_id = f.id AND m.state = 'active'
   JOIN feed_group g ON g.id = m.group_id AND NOT g.approval {_FREE_GROUP} GROUP BY 1 ORDER BY 3 DESC LIMIT 60)
UNION ALL (SELECT p.group_id, 'liked-posts', count(*)::float8, NULL FROM
   (SELECT post_id FROM feed_like WHERE {_LEARNT} AND person_id = %(viewer)s ORDER BY id DESC LIMIT 300) AS l
   JOIN feed_post p ON p.id = l.post_id AND p.deleted_at IS NULL JOIN feed_group g ON g.id = p.group_id {_FREE_GROUP}
   GROUP BY 1 ORDER BY 3 DESC LIMIT 60)
UNION ALL (SELECT g.id, 'topic', 1.0, g.topic_id FROM feed_group g {_FREE_GROUP}
   WHERE g.topic_id = ANY(%(topics)s::bigint[]) ORDER BY g.members_count DESC LIMIT 60)
UNION ALL (SELECT g.id, 'popular', g.members_count::float8, NULL FROM feed_group g {_FREE_GROUP}
   ORDER BY g.members_count DESC LIMIT 60)
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

# Of posts near an interest; what only followers or a group may read tells a stranger nothing of its author.
AUTHORS = f"SELECT p.id, p.author_id FROM feed_post p WHERE p.id = ANY(%(ids)s::bigint[]) AND {_OPEN}"  # noqa: S608 - likewise
