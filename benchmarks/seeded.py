"""How much of the first page is to people's taste on a freshly seeded demo: newest first, recipe, shipped ranker.

    python benchmarks/seeded.py

Seeds the demo as `make demo` does, in a database of its own (var/bench-seeded, see own_site.py), and ranks "For you"
for each of its people: twenty places, all new to them. What is to their taste says the simulator's key, which ranking
never sees. Intervals are a bootstrap over people; one seeding. Prints a table, writes results/seeded.json.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import own_site  # noqa: E402

own_site.choose("seeded")

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks import ranking_metrics  # noqa: E402
from feed.demo.town import Person, Town  # noqa: E402
from feed.models import Post  # noqa: E402
from ml import registry  # noqa: E402
from ml.ranking import serve  # noqa: E402
from ml.ranking.candidate import Found, merged  # noqa: E402
from ml.ranking.filters import known  # noqa: E402
from ml.ranking.home import PLAIN, home  # noqa: E402
from ml.ranking.hydrators import ActedBefore, PostFacts, ShownBefore  # noqa: E402
from ml.ranking.learned import load  # noqa: E402
from ml.ranking.scorers import ScoreBy  # noqa: E402
from ml.rehearsal.figures import PLACES, share_to_taste  # noqa: E402

RESULTS = HERE / "results" / "seeded.json"
NEWEST, RECIPE, SHIPPED = "newest first", "hand-set recipe", "shipped ranker"
EVERYBODY, FEATURED = "everybody", "those one can sign in as"


def seed() -> Town:
    """The demo anew; the town's own words once more, for the key."""
    own_site.claim("seeded")
    call_command("prepare_models", verbosity=0)
    call_command("seed_demo", again=True)
    return Town(timezone.now())


def beginning(text: str) -> str:
    return " ".join(text.split())[:80]


def topics_of_posts(town: Town) -> dict[int, str | None]:
    key: dict[str, str | None] = {}
    for words in (*town.posts, *town.comments):
        topic = town.topic_of[words.key]
        if key.setdefault(beginning(words.text), topic) != topic:
            raise SystemExit(f"two posts begin alike and differ in topic: {beginning(words.text)}")
    return {post: key[beginning(text)] for post, text in Post.objects.values_list("pk", "text")}


def newest(viewer: User) -> list[int]:
    """The last ones of others, new to the viewer in the sense of the home page."""
    posts = Post.objects.visible_to(viewer).top_level().exclude(author=viewer).order_by("-pk")
    query, found = serve.query_for(viewer, limit=200), merged([Found(NEWEST, list(posts.values_list("pk", flat=True)))])
    for learn in home().query_hydrators:
        learn(query)
    for look in (PostFacts(), ActedBefore(), ShownBefore()):
        found = found.having(look(query, found))
    return found.ids[~known(found)][:PLACES].tolist()


def ranked(viewer: User, version: str) -> list[int]:
    """The first places, by one model whatever serves; "" for the recipe."""
    by = ScoreBy(PLAIN, lambda _query: load(version)) if version else ScoreBy(PLAIN)
    slate = serve.traced(serve.query_for(viewer, limit=200), replace(home(), scorers=[by]))[0]
    if version and slate.model_version != version:
        raise SystemExit(f"{version} did not rank but {slate.model_version}")
    if any(item.seen_before for item in slate.items[:PLACES]):
        raise SystemExit(f"fewer than {PLACES} posts are new to {viewer}")
    return [item.post_id for item in slate.items[:PLACES]]


def shares(people: Sequence[Person], topic_of: dict[int, str | None]) -> dict[str, np.ndarray]:
    """For each order, a share for each person."""
    version, found = registry.serving_ranker(), {}
    if not version:
        raise SystemExit("the shipped ranker does not serve")
    viewers = [(one, User.objects.get(username=one.name)) for one in people]
    orders = {NEWEST: newest, RECIPE: lambda one: ranked(one, ""), SHIPPED: lambda one: ranked(one, version)}
    for name, order in orders.items():
        pages = [(one, [topic_of[post] for post in order(viewer)]) for one, viewer in viewers]
        found[name] = np.array([share_to_taste(one, topics) for one, topics in pages])
    return found


def told(values: dict[str, np.ndarray], keep: np.ndarray) -> dict[str, dict[str, float]]:
    by = {name: ranking_metrics.Figures(("share",), found[keep][:, None]) for name, found in values.items()}
    intervals = {name: one.intervals()["share"] for name, one in by.items()}
    intervals["shipped less recipe"] = by[SHIPPED].better_than(by[RECIPE])["share"]
    return {name: {part: round(value, 4) for part, value in one.items()} for name, one in intervals.items()}


def main() -> None:
    town = seed()
    values = shares(town.people, topics_of_posts(town))
    featured = np.array([one.featured for one in town.people])
    groups = {EVERYBODY: np.ones(len(town.people), dtype=bool), FEATURED: featured}
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(os.getloadavg()[0], 2),
        "version": registry.serving_ranker(),
        "places": PLACES,
        **{name: {"people": int(keep.sum()), **told(values, keep)} for name, keep in groups.items()},
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"share of the first {PLACES} places to taste, all of them new; {result['version']}")
    for name, keep in groups.items():
        print(f"{name}, {keep.sum()}")
        for order, one in told(values, keep).items():
            print(f"  {order:<24}{one['mean']:>7.3f} [{one['low']:.3f}, {one['high']:.3f}]")


if __name__ == "__main__":
    main()
