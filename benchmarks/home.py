"""How fast the home page is at 100,000 posts and 10,000 people, stage by stage, beside a newest-first page.

    python benchmarks/home.py [--posts 100000] [--people 10000] [--viewers 60] [--rounds 3]

Writes into a database of its own (var/bench-home, see own_site.py), made at the first run and used again.
Who views are the first of the people; one in ten of them is new and has no acts yet.
Prints a table and writes benchmarks/results/home.json. The posts are synthetic: unit vectors around sixty centres.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("RATE_LIMITS", "off")

from benchmarks import own_site  # noqa: E402

own_site.choose("home")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from accounts.models import Consent, User  # noqa: E402
from benchmarks import synthetic  # noqa: E402
from feed.models import Post  # noqa: E402
from feed.timelines import home as ranked_home  # noqa: E402
from feed.views import answers, home as home_view  # noqa: E402
from ml import registry  # noqa: E402
from ml.models import ModelVersion  # noqa: E402
from ml.ranking import serve, sources  # noqa: E402
from ml.ranking.home import PLAIN_SOURCES  # noqa: E402
from ml.rehearsal import starter  # noqa: E402

RESULTS = HERE / "results" / "home.json"


def spread(ms: list[float]) -> dict[str, float]:
    """Median and 95th percentile of milliseconds."""
    ordered = sorted(ms)
    return {"median_ms": round(median(ordered), 2), "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))], 2)}


def timed(ask: Callable[[], Any]) -> float:
    start = perf_counter()
    ask()
    return (perf_counter() - start) * 1000


def measure_rank(viewers: list[User]) -> dict[str, Any]:
    """`rank()` as the site asks it, and each stage on the way."""
    whole: list[float] = []
    candidates: list[int] = []
    queries: list[int] = []
    stages: dict[str, list[float]] = defaultdict(list)
    for viewer in viewers:  # the first look of each: counts queries, and warms what a running site has warm
        with CaptureQueriesContext(connection) as captured:
            slate, _selected, trace = serve.traced(serve.query_for(viewer, limit=200))
        queries.append(len(captured))
        if slate.model_version != registry.serving_ranker():
            raise SystemExit(f"scored by {slate.model_version}, not by {registry.serving_ranker()}")
        failed = [step.name for step in trace.steps if step.error]
        if failed:
            raise SystemExit(f"stages failed: {failed}")
    for viewer in viewers:
        start = perf_counter()
        _slate, _selected, trace = serve.traced(serve.query_for(viewer, limit=200))
        whole.append((perf_counter() - start) * 1000)
        candidates.append(next(step.went_out for step in trace.steps if step.name == "merge"))
        for step in trace.steps:
            stages[f"{step.kind}: {step.name}"].append(step.ms)
    return {
        "rank": spread(whole),
        "candidates_median": median(candidates),
        "queries_most": max(queries),
        "stages": {name: spread(ms) for name, ms in stages.items()},
    }


def measure_sources(viewers: list[User]) -> dict[str, Any]:
    """The plain sources one by one: on the page they travel together."""
    times: dict[str, list[float]] = defaultdict(list)
    found: dict[str, list[int]] = defaultdict(list)
    for viewer in viewers:
        query = serve.query_for(viewer, limit=200)
        for hydrate in serve.pipeline().query_hydrators:
            hydrate(query)
        for source in (*PLAIN_SOURCES, sources.NearInterests(each=40, interests=8)):
            start = perf_counter()
            answer = source(query)
            times[source.name].append((perf_counter() - start) * 1000)
            found[source.name].append(sum(len(one.ids) for one in answer))
    return {
        name: {**spread(ms), "found_median": median(found[name]), "found_mean": round(mean(found[name]), 1)}
        for name, ms in times.items()
    }


def measure_page(viewers: list[User], address: str, rounds: int) -> dict[str, Any]:
    """A whole request through every middleware, signed in; each viewer's first one does not count.

    The processor's time is that of this process alone: other work on the machine lengthens the rest, this hardly.
    """
    ms: list[float] = []
    busy: list[float] = []
    queries: list[int] = []
    clients = [Client(headers={"host": "localhost"}) for _viewer in viewers]
    for viewer, client in zip(viewers, clients, strict=True):
        client.force_login(viewer)
        response = client.get(address)
        if response.status_code != 200:
            return {"error": f"status {response.status_code}"}
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        queries.append(len(captured))
    for _round in range(rounds):
        for client in clients:
            start = process_time()
            ms.append(timed(lambda client=client: client.get(address)))  # type: ignore[misc]
            busy.append((process_time() - start) * 1000)
    return {**spread(ms), "processor_median_ms": round(median(busy), 2), "queries_most": max(queries)}


PARTS = {
    "rank()": (serve, "rank"),
    "posts the viewer may read, with all a card shows": (ranked_home, "_readable"),
    "recording what is shown": (ranked_home, "record"),
    "saying why": (ranked_home, "attach_reasons"),
    "keeping the slate for the following pages": (ranked_home, "_keep"),
    "the composer's form and draft": (home_view.PostForm, "opened"),
    "templates, and what they ask": (answers, "render"),
}


def measure_parts(viewers: list[User], address: str, rounds: int) -> dict[str, dict[str, float]]:
    """What a whole page is made of; the rest is the middleware, the session, and who is signed in."""
    times: dict[str, list[float]] = defaultdict(list)

    def watched(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any, **named: Any) -> Any:
            start = perf_counter()
            try:
                return ask(*given, **named)
            finally:
                times[name].append((perf_counter() - start) * 1000)

        return asked

    with ExitStack() as patches:
        for name, (owner, called) in PARTS.items():
            patches.enter_context(patch.object(owner, called, watched(name, getattr(owner, called))))
        measure_page(viewers, address, rounds)
    return {name: spread(ms[2 * len(viewers) :]) for name, ms in times.items()}


def serve_the_shipped_ranker() -> None:
    """Scores by the shipped graph, whose card is told that these made-up vectors are its own: the cost is the same."""
    name = "ranker-20000101-000000-be9cbe9c"  # of its own: the models' folder may be shared with a site
    card = {**starter.card(), "encoder": synthetic.MODEL, "version": name}
    folder = registry.ranker_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    for file in starter.FILES:
        shutil.copyfile(starter.FOLDER / file, folder / file)
    (folder / "card.json").write_text(json.dumps(card))
    if not ModelVersion.objects.filter(name=name).exists():
        registry.register_ranker(name, card)
    if registry.serving_ranker() != name:
        registry.promote_ranker(name, why="benchmark")


def prepare(posts: int, people: int) -> None:
    """Fill the database unless it holds what is wanted."""
    own_site.claim("home")
    filled = ModelVersion.objects.filter(name=synthetic.MODEL).exists()  # written last
    if filled and (Post.objects.count(), User.objects.count()) == (posts, people):
        return
    call_command("flush", interactive=False, verbosity=0)
    synthetic.fill(posts, people)


def about(viewers: list[User], rounds: int) -> dict[str, Any]:
    """What was measured, when, and how busy the machine was."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_at_the_start": round(os.getloadavg()[0], 2),
        "model": f"{starter.card()['version']} (shipped), on made-up vectors",
        "posts": Post.objects.count(),
        "people": User.objects.count(),
        "viewers": len(viewers),
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3, help="times that each viewer asks for each page")
    given = parser.parse_args()
    prepare(given.posts, given.people)
    call_command("collectstatic", interactive=False, verbosity=0)
    serve_the_shipped_ranker()
    synthetic.forget_visits()
    viewers = list(User.objects.select_related("consent").order_by("pk")[: given.viewers])
    serve.rank(viewers[0], limit=200)  # the first asks for what Python and PostgreSQL load once
    result = about(viewers, given.rounds) | measure_rank(viewers)
    result["sources"] = measure_sources(viewers)
    result["home_page"] = measure_page(viewers, "/?tab=for-you", given.rounds)
    result["home_page_parts"] = measure_parts(viewers, "/?tab=for-you", given.rounds)
    Consent.objects.filter(person__in=viewers).update(personalised=False)
    result["newest_first_page"] = measure_page(viewers, "/?tab=for-you", given.rounds)
    Consent.objects.filter(person__in=viewers).update(personalised=True)
    if "median_ms" in result["home_page"] and "median_ms" in result["newest_first_page"]:
        ratio = result["home_page"]["median_ms"] / result["newest_first_page"]["median_ms"]
        result["home_to_newest_ratio"] = round(ratio, 2)
    result["load_at_the_end"] = round(os.getloadavg()[0], 2)
    report(result)


def report(result: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"{result['posts']} posts, {result['people']} people, {result['viewers']} viewers, {result['rounds']} rounds")
    print(f"{result['measured_at']}, {result['machine']}, load {result['load_at_the_start']}, {result['model']}")
    print(f"candidates {result['candidates_median']:.0f}, queries of rank() at most {result['queries_most']}")
    lines = {"rank()": result["rank"], **result["stages"]}
    lines |= {f"source alone: {name}": row for name, row in result["sources"].items()}
    lines |= {f"of the page: {name}": row for name, row in result["home_page_parts"].items()}
    lines |= {"home page": result["home_page"], "newest-first page": result["newest_first_page"]}
    print(f"{'':<64}{'median ms':>10}{'p95 ms':>10}")
    for name, row in lines.items():
        shown = f"{row['median_ms']:>10.2f}{row['p95_ms']:>10.2f}" if "median_ms" in row else f"  {row['error']}"
        print(f"{name:<64}{shown}")
    print(f"home page / newest-first page: {result.get('home_to_newest_ratio', 'not measured')}")


if __name__ == "__main__":
    main()
