"""The search page: four kinds of things for one query."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feed import search, timelines
from feed.views.answers import page, timeline
from feed.views.people import followed_ids

KINDS = ("posts", "people", "topics", "groups")


@require_safe
@timeline
def find(request: HttpRequest) -> HttpResponse:
    """`?q=&kind=posts|people|topics|groups`. An empty query shows the empty form."""
    query = search.clean_query(request.GET.get("q", ""))
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else "posts"
    people = search.people(query, request.user)
    topics = search.topics(query)
    groups = search.groups(query, request.user)
    context = {
        "query": query,
        "kind": kind,
        "people": people,
        "topics": topics,
        "groups": groups,
        "counts": {"people": len(people), "topics": len(topics), "groups": len(groups)},
        "followed_ids": followed_ids(request.user, people),
        "viewer": request.user,
    }
    if not query or kind != "posts":
        return render(request, "feed/search.html", {**context, "page": timelines.Page()})
    return page(request, "feed/search.html", search.posts(query, request.user, request.GET.get("cursor")), **context)
