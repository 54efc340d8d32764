"""Prometheus metrics: how many requests, how long, and how far behind the work is."""

import os
import time
from collections.abc import Callable, Iterator
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from socialsite import figures

REQUESTS = Counter("courtyard_requests_total", "Requests answered", ["method", "view", "status"])
SECONDS = Histogram(
    "courtyard_request_seconds",
    "Time to answer",
    ["view"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5),
)


class MetricsMiddleware:
    """Counts and times each request by the name of its view, never by its address: addresses name people."""

    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "unknown"
        REQUESTS.labels(request.method, view, response.status_code).inc()
        SECONDS.labels(view).observe(time.perf_counter() - start)
        return response


class SiteCollector(Collector):
    """Gauges of the whole site, asked when scraped, remembered for seconds; what is down leaves its gauges out."""

    def describe(self) -> list[Metric]:
        return []  # nothing is asked while the process starts

    def collect(self) -> Iterator[Metric]:
        totals, lag, queues = figures.totals(), figures.embedding_lag(), figures.queues()
        up = GaugeMetricFamily("courtyard_up", "Whether a part of the site answers", labels=["part"])
        up.add_metric(["database"], float(totals is not None))
        up.add_metric(["broker"], float(queues is not None))
        yield up
        if totals is not None:
            yield _gauge("courtyard_posts", "Posts, deleted ones not yet purged included", totals["posts"])
            yield _gauge("courtyard_people", "Accounts", totals["people"])
            yield _gauge("courtyard_reports_open", "Reports that wait for a decision", totals["reports_open"])
        if lag is not None:
            yield _gauge("courtyard_posts_without_vector", "Posts that wait for their vector", lag.posts)
            yield _gauge("courtyard_oldest_without_vector_seconds", "Age of the oldest of them", lag.oldest_seconds)
        yield from _exploration()
        if queues is not None:
            waiting = GaugeMetricFamily("courtyard_queue_length", "Tasks that wait for a worker", labels=["queue"])
            for name, number in queues.items():
                waiting.add_metric([name], number)
            yield waiting


def _exploration() -> Iterator[Metric]:
    """How often places given to the unknown were answered, and the ranked ones beside them, over four weeks."""
    cost = figures.exploration()
    if cost is None:
        return
    shown = GaugeMetricFamily("courtyard_exploration_impressions", "Impressions, by kind of place", labels=["place"])
    rate = GaugeMetricFamily("courtyard_exploration_rate", "Share of them that was answered", labels=["place"])
    for place, found in vars(cost).items():
        shown.add_metric([place], found.impressions)
        if found.value is not None:
            rate.add_metric([place], found.value)
    yield from (shown, rate)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


REGISTRY.register(SiteCollector())


def _registry() -> CollectorRegistry:
    """What this process counted; with PROMETHEUS_MULTIPROC_DIR, what all processes that share the folder counted."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(SiteCollector())
    return registry


def _may_read(request: HttpRequest) -> bool:
    """Whoever bears METRICS_TOKEN; without one, this machine only, and nothing that came through a proxy."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")


def show(request: HttpRequest) -> HttpResponse:
    """The figures, for whoever bears METRICS_TOKEN, or without one for this machine only."""
    if not _may_read(request):
        return HttpResponse("forbidden", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)
