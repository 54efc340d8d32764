"""A quarter of the town for quick tests: few people, what they wrote in a few days, and who answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feed.demo.town import Town

PEOPLE = ("mara_quill", "tobias_fenn", "odalys_prine", "gus_hathersage", "wendell_okoro", "isolde_marsh", "benoit_carr")
NOW = datetime(2019, 5, 20, 20, 0, tzinfo=UTC)  # far from the clock of any machine that runs the tests


def quarter(days: int = 12, now: datetime = NOW) -> Town:
    town = Town(now)
    since = town.posts[-1].at - timedelta(days=days)
    town.people = [person for person in town.people if person.name in PEOPLE]
    town.groups = []
    town.posts = [post for post in town.posts if post.by in PEOPLE and post.at > since and not post.group]
    kept = {post.key for post in town.posts}
    town.posts = [post for post in town.posts if post.quote is None or post.quote in kept]
    kept = {post.key for post in town.posts}
    comments = []
    for comment in town.comments:
        if comment.by in PEOPLE and comment.to in kept:
            comments.append(comment)
            kept.add(comment.key)
    town.comments = comments
    return town
