"""Reasons and terms in words. Names and texts are looked up for the reader now, never stored: one query a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.functions import Left
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from feed.backends import Bar
from feed.models import Group, Post, Topic
from ml.ranking import steering, weights
from ml.ranking.attribution import Moved
from ml.ranking.reasons import WORDS

SNIPPET = 42


@dataclass(frozen=True)
class Names:
    """What the ids in reasons are called, as far as the reader may know: by id."""

    posts: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # how it begins ("" to cover it), author
    people: Mapping[int, str] = field(default_factory=dict)
    topics: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[int, str] = field(default_factory=dict)


def sentences(viewer: Any, reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """One plain sentence for each reason, in the active language. One query for all of them, or none."""
    names = names_in(viewer, reasons)
    return [sentence(reason, names) for reason in reasons]


def names_in(viewer: Any, reasons: Sequence[Mapping[str, Any]]) -> Names:
    """The names of all that the reasons speak of, read as `viewer`: a post that is gone or closed to them has none."""
    posts, people, topics, groups = (_ids(reasons, kind) for kind in ("post", "person", "topic", "group"))
    parts = [
        part
        for ids, part in (
            (posts, _posts(viewer, posts)),
            (people, _people(people)),
            (topics, _topics(topics)),
            (groups, _groups(groups)),
        )
        if ids
    ]
    rows = list(parts[0].union(*parts[1:], all=True)) if parts else []
    found: dict[str, list[tuple[int, str, str, str]]] = {}
    for kind, *row in rows:
        found.setdefault(kind, []).append((row[0], row[1], row[2], row[3]))
    return Names(
        posts={i: (_beginning(text), name or handle) for i, text, name, handle in found.get("post", ())},
        people={i: name or handle for i, _nothing, name, handle in found.get("person", ())},
        topics={i: Topic(shown_as=tag, title_en=en, title_zh=zh).title for i, tag, en, zh in found.get("topic", ())},
        groups={i: name for i, name, _none, _nothing in found.get("group", ())},
    )


def _ids(reasons: Sequence[Mapping[str, Any]], kind: str) -> set[int]:
    found = (str(reason.get(kind, "")) for reason in reasons)
    return {int(one) for one in found if one.isascii() and one.isdigit()}


def _row(found: Any, kind: str, *columns: Any) -> Any:
    """Rows of the same shape from every table, so that one statement can ask them all: kind, id, three texts."""
    texts = {f"text_{place}": column for place, column in enumerate(columns)}
    return found.order_by().annotate(kind=Value(kind, CharField()), **texts).values_list("kind", "pk", *texts)


def _none() -> Value:
    return Value("", TextField())


def _posts(viewer: Any, ids: set[int]) -> Any:
    begins = Case(When(content_warning="", then=Left("text", 2 * SNIPPET)), default=_none(), output_field=TextField())
    found = Post.objects.visible_to(viewer).filter(pk__in=ids)
    return _row(found, "post", begins, F("author__profile__display_name"), F("author__username"))


def _people(ids: set[int]) -> Any:
    found = User.objects.filter(pk__in=ids, is_active=True)
    return _row(found, "person", _none(), F("profile__display_name"), F("username"))


def _topics(ids: set[int]) -> Any:
    return _row(Topic.objects.filter(pk__in=ids), "topic", F("shown_as"), F("title_en"), F("title_zh"))


def _groups(ids: set[int]) -> Any:
    return _row(Group.objects.filter(pk__in=ids), "group", F("name"), _none(), _none())


def _beginning(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"


def sentence(reason: Mapping[str, Any], names: Names) -> str:
    """One plain sentence in the active language. A reason that is not known any more still gets an honest one."""
    say = _SENTENCES.get(str(reason.get("kind", "")), _unknown)
    try:
        return say(reason, names)
    except (KeyError, TypeError, ValueError):
        return _unknown(reason, names)


def _unknown(reason: Mapping[str, Any], names: Names) -> str:
    return _("Chosen for you")


def _like(reason: Mapping[str, Any], names: Names) -> str:
    if int(reason["post"]) not in names.posts:  # gone, or closed to the reader
        return _interest(reason, names)
    text, name = names.posts[int(reason["post"])]
    if not text:
        return _("Because you liked a post by %(name)s") % {"name": name}
    return _("Because you liked “%(text)s” by %(name)s") % {"text": text, "name": name}


def _coengaged(reason: Mapping[str, Any], names: Names) -> str:
    if int(reason["post"]) not in names.posts:
        return _("People who liked the same posts as you also liked this")
    text, name = names.posts[int(reason["post"])]
    if not text:
        return _("People who liked a post by %(name)s also liked this") % {"name": name}
    return _("People who liked “%(text)s” also liked this") % {"text": text}


def _interest(reason: Mapping[str, Any], names: Names) -> str:
    if reason.get("topic") in names.topics:
        return _("You often like posts about %(topic)s") % {"topic": names.topics[reason["topic"]]}
    return _("You seem to like posts about %(words)s") % {"words": _words(reason)}


def _asked(reason: Mapping[str, Any], names: Names) -> str:
    return _("You asked for posts about %(words)s") % {
        "words": names.topics.get(reason.get("topic", 0)) or _words(reason)
    }


def _words(reason: Mapping[str, Any]) -> str:
    return str(_(", ")).join(reason["words"][:WORDS])


def _friend(reason: Mapping[str, Any], names: Names) -> str:
    name, others = names.people[reason["person"]], int(reason.get("others", 0))
    if others <= 0:
        return _("%(name)s, whom you follow, liked this") % {"name": name}
    return ngettext(
        "%(name)s and %(others)d other person you follow liked this",
        "%(name)s and %(others)d other people you follow liked this",
        others,
    ) % {"name": name, "others": others}


def _rising(reason: Mapping[str, Any], names: Names) -> str:
    language = str(reason.get("language", ""))
    if language == "zh":
        return _("Rising in Chinese")
    return _("Rising in English") if language == "en" else _("Rising now")


_SENTENCES: dict[str, Callable[[Mapping[str, Any], Names], str]] = {
    "like": _like,
    "coengaged": _coengaged,
    "interest": _interest,
    "asked": _asked,
    "follow": lambda r, names: _("You follow %(name)s") % {"name": names.people[r["person"]]},
    "bond": lambda r, names: _("You often respond to %(name)s") % {"name": names.people[r["person"]]},
    "friend": _friend,
    "topic": lambda r, names: _("You follow %(topic)s") % {"topic": names.topics[r["topic"]]},
    "group": lambda r, names: _("From your group %(name)s") % {"name": names.groups[r["group"]]},
    "rising": _rising,
    "loved": lambda r, names: _("Many people here liked this"),
    "explore": lambda r, names: _("Something different, to keep your view wide"),
    "in-order": lambda r, names: _("Newest first, from whom you follow"),
    "new-voice": lambda r, names: _("A new voice"),
    "outside": lambda r, names: _("Well liked here, and far from what you usually read"),
}


def bars(terms: Mapping[str, float], amounts: Mapping[str, str] | None = None) -> Sequence[Bar]:
    """The terms of a score in words, the strongest first; each value is its share of all that spoke for or against."""
    total = sum(abs(value) for value in terms.values())
    if total == 0:
        return []
    words, amounts = all_words(), amounts or {}
    found = [
        Bar(name, *_first(words.get(name, (name, "")), round(value / total, 4)), amounts.get(name, ""))
        for name, value in terms.items()
        if abs(value) / total >= 0.005
    ]
    return sorted(found, key=lambda bar: -abs(bar.value))


def _first(words: tuple[str, str], value: float) -> tuple[str, float, str]:
    return words[0], value, words[1]


def amounts_of(terms: Mapping[str, float], scale: float, table: Mapping[str, float]) -> dict[str, str]:
    """For every head's term “12 % × 0.5”: the estimated chance, recovered from what was logged, and its weight."""
    said = {}
    for name, value in terms.items():
        weight = table.get(name.removeprefix("head:"), 0.0) if name.startswith("head:") else 0.0
        if weight and scale:
            chance = 100 * min(max(value / (scale * weight), 0.0), 1.0)
            digits = 0 if chance >= 10 else 1 if chance >= 1 else 2
            written = number_format(round(chance, digits), decimal_pos=digits)  # which alone would cut, not round
            said[name] = _("%(chance)s %% × %(weight)s") % {"chance": written, "weight": number_format(weight)}
    return said


def all_words() -> dict[str, tuple[str, str]]:
    """Label and meaning of every term there is: of the recipe, of what a model predicts, of sliders."""
    heads = {f"head:{head}": said for head, said in weights.words().items()}
    return {**words_of_terms(), **heads, **steering.words_of_terms()}


def acts(viewer: Any, moved: Sequence[Moved]) -> list[str]:
    """The acts that moved a score, in words; what is gone or closed to the viewer is not named. One query, or none."""
    names = names_in(viewer, [{"post": one.post_id} for one in moved])
    return [_act(one, *names.posts[one.post_id]) for one in moved if one.post_id in names.posts]


def _act(one: Moved, text: str, name: str) -> str:
    said = {
        "like": _("You liked %(post)s, %(when)s ago"),
        "repost": _("You reposted %(post)s, %(when)s ago"),
        "bookmark": _("You kept %(post)s, %(when)s ago"),
        "comment": _("You answered %(post)s, %(when)s ago"),
        "refused": _("You said no to %(post)s, %(when)s ago"),
    }[one.kind]
    post = _("“%(text)s” by %(name)s") if text else _("a post by %(name)s")
    told = said % {"post": post % {"text": text, "name": name}, "when": timesince(one.at, depth=1)}
    return told if one.by > 0 else _("%(act)s (this spoke against it)") % {"act": told}


def source(name: str) -> str:
    """Where a post came from, in words; empty for a source that is not known any more."""
    return {
        "follows": _("posts of people you follow, or often respond to"),
        "topics": _("topics you follow"),
        "liked topics": _("topics you often like"),
        "groups": _("your groups"),
        "liked by followed": _("what people you follow liked"),
        "reposts": _("what people you follow reposted"),
        "co-engaged": _("what people respond to who liked the same as you"),
        "interests": _("posts near to your interests"),
        "rising": _("what is rising here"),
        "cold start": _("what many people here liked"),
        "exploration": _("a look beyond your interests"),
        "new voices": _("new voices"),
    }.get(name, "")


def words_of_terms() -> dict[str, tuple[str, str]]:
    """Label and meaning of every term of the recipe, in the active language."""
    return {
        "interest": (_("Your interests"), _("How near its meaning is to what you like")),
        "liked_like": (_("Posts you liked"), _("How near its meaning is to particular posts you liked")),
        "topic_taste": (_("Subjects you care for"), _("How much more than others you like what it is about")),
        "topic_interest": (_("Topics you like"), _("It carries a topic that you often like")),
        "refusal": (_("What you said no to"), _("How near it is to posts you did not want")),
        "follows_author": (_("You follow the author"), _("Posts of people you follow count more")),
        "affinity": (_("Your bond with the author"), _("How often you liked or answered them lately")),
        "friends": (_("People you follow"), _("People you follow liked or reposted it")),
        "topic_followed": (_("Topics you follow"), _("It carries a topic that you follow")),
        "group_joined": (_("Your groups"), _("It was written in a group of yours")),
        "freshness": (_("Freshness"), _("Newer posts count more")),
        "quality": (_("Response of others"), _("Likes and answers, compared with what is usual at its age")),
        "language": (_("Language"), _("It is in a language you read")),
        "answer": (_("An answer"), _("Answers count less than posts that stand alone")),
        "shown": (_("Shown before"), _("You have seen it and passed on")),
        "fewer": (_("Fewer of these"), _("You asked to see fewer like this")),
    }
