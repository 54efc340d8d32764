"""Prints how a person's home page came about, stage by stage, or what became of one post on the way."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from feed.backends import Slate
from feed.models import Post, Topic
from ml.ranking import arms, attribution, explain, serve, weights
from ml.ranking.attribution import NAME_OF_RANKER
from ml.ranking.candidate import Query
from ml.ranking.explain import all_words, sentences
from ml.ranking.features import FEATURES, NAMES
from ml.ranking.history import history_of
from ml.ranking.learned import load, standing
from ml.ranking.pipeline import Trace
from ml.registry import serving_ranker


class Command(BaseCommand):
    help = "Shows how the home page of USER is ranked: every stage, who was left out and why, and the best places."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="handle of the person")
        parser.add_argument("post", nargs="?", type=int, help="id of a post: where it was lost, or where it stands")
        parser.add_argument("--top", type=int, default=20, help="places to print (default 20)")

    def handle(self, *, user: str, post: int | None, top: int, **options: Any) -> None:
        person = User.objects.filter(username=user.lower().lstrip("@")).first()
        if person is None:
            raise CommandError(f"There is nobody called {user}.")
        query = serve.query_for(person, limit=200)
        slate, _selected, trace = serve.traced(query)
        self._otherwise(person)
        if post is None:
            self._viewer(query)
            self._model(query)
            self._stages(trace)
            self._removed(trace)
            self._places(person, slate, top)
        else:
            self._post(person, post, slate, trace, query)

    def _otherwise(self, person: User) -> None:
        """Say first where the page they really get is another one than what follows."""
        arm = arms.arm_of(person.pk)
        if not person.consent.personalised:
            self._say(self.style.WARNING(f"@{person.username} switched ranking off: their page is newest first."))
        elif arm is not None and arm.serves == arms.FOLLOWING:
            self._say(self.style.WARNING(f"@{person.username} is in the arm “{arm.name}”: they see Following's order."))
        else:
            return
        self._say("What follows is how it would be ranked.")

    def _model(self, query: Query) -> None:
        self._head("The model")
        self._say(f"scored by {query.scored_by}; serving: {serving_ranker() or 'hand-set recipe'} ({standing()})")
        if query.bucket:
            self._say(f"arm of the experiment: {query.bucket}")
        if query.shadow:
            self._say(f"shadow, which changes nothing: {query.shadow}")
        sliders = {name: value for name, value in vars(query.sliders).items() if value}
        self._say(f"history it reads: {len(history_of(query))} acts; sliders: {sliders or 'in the middle'}")

    def _viewer(self, query: Query) -> None:
        self._head("The viewer")
        learns = "learns from acts" if query.learns else "does not learn from acts"
        self._say(f"reads {', '.join(sorted(query.languages)) or 'any language'}; {learns}; vectors of {query.model}")
        self._say(
            f"follows: {len(query.followed)} people, {len(query.topics)} topics; groups: {len(query.groups)}; "
            f"acts: {len(query.acts)}; posts shown in seven days: {len(query.shown)}; feedback: {len(query.said)}"
        )
        known, titles = query.interests, Topic.objects.in_bulk([topic for topic in query.interests.topics if topic])
        for words, topic, strength in zip(known.words, known.topics, known.strengths.tolist(), strict=True):
            name = [titles[topic].title] if topic in titles else []
            self._say(f"interest {strength:4.0%}  {', '.join([*name, *words]) or '(no word recurs in its posts)'}")
        self._say(
            f"looks back {query.window_hours:.0f} hours; a post here has {query.typical_acts:.1f} acts on average"
        )

    def _stages(self, trace: Trace) -> None:
        self._head(f"The stages, {trace.ms:.1f} ms in all")
        self._say(f"{'kind':<12}{'name':<22}{'in':>6}{'out':>6}{'ms':>8}")
        for step in trace.steps:
            line = f"{step.kind:<12}{step.name:<22}{step.came_in:>6}{step.went_out:>6}{step.ms:>8.2f}"
            self._say(f"{line}  FAILED: {step.error}" if step.error else line)
        self._say("found by " + ", ".join(f"{source} {count}" for source, count in trace.found.items()))

    def _removed(self, trace: Trace) -> None:
        self._head(f"Left out: {len(trace.removed)}")
        reasons = dict(trace.removed.values())
        for name, count in Counter(name for name, _reason in trace.removed.values()).most_common():
            some = [str(post) for post, (by, _reason) in trace.removed.items() if by == name][:3]
            self._say(f"{count:>5}  {name}: {reasons[name]} (such as {', '.join(some)})")

    def _places(self, person: User, slate: Slate, top: int) -> None:
        self._head(f"The first {min(top, len(slate.items))} of {len(slate.items)} places, by {slate.model_version}")
        self._say(
            "Place, score, post. The score is the sum of its terms; places also heed variety, so it need not fall."
        )
        readable = self._readable(person, [item.post_id for item in slate.items])
        if closed := [item for item in slate.items if item.post_id not in readable]:
            some = ", ".join(str(item.post_id) for item in closed[:3])
            self._say(f"Not shown, for they may not read it or muted it: {len(closed)} (such as {some})")
        shown = [item for item in slate.items if item.post_id in readable][:top]
        why = sentences(person, [item.reason for item in shown])
        posts = Post.objects.select_related("author").in_bulk([item.post_id for item in shown])
        for place, item in enumerate(shown, start=1):
            post = posts[item.post_id]
            self._say(f"{place:>3}  {item.score:6.2f}  {item.post_id}  {_beginning(post)}")
            self._say(f"     {why[place - 1]}{' (seen before)' if item.seen_before else ''}")
            self._say(f"     {_terms(item.terms)}")

    @staticmethod
    def _readable(person: User, ids: list[int]) -> set[int]:
        """Permission has the last word, after ranking (`feed/timelines/home.py`)."""
        posts = Post.objects.visible_to(person).without_muted(person)
        return set(posts.filter(pk__in=ids).values_list("pk", flat=True))

    def _post(self, person: User, post_id: int, slate: Slate, trace: Trace, query: Query) -> None:
        places = {item.post_id: place for place, item in enumerate(slate.items)}
        post = Post.objects.select_related("author").filter(pk=post_id).first()
        if post is None:
            raise CommandError(f"There is no post {post_id}.")
        about = f"{post.get_visibility_display()}{', deleted' if post.deleted_at else ''}"
        self._say(f"{_beginning(post)}  (for: {about}; written {post.created_at:%Y-%m-%d %H:%M})")
        if post_id in places:
            item = slate.items[places[post_id]]
            self._say(f"Place {places[post_id] + 1} of {len(slate.items)}, score {item.score:.2f}, from {item.source}.")
            self._say(sentences(person, [item.reason])[0])
            self._say(f"Found by: {', '.join(item.found_by)}.")
            if not self._readable(person, [post_id]):
                self._say("Not shown all the same: they may not read it, or muted it.")
            self._table(item.terms, item.features, query)
            self._acts(person, post, query, item.features)
        elif post_id in trace.removed:
            name, reason = trace.removed[post_id]
            self._say(f"Left out by the filter “{name}”: {reason}.")
        elif trace.scored is not None and post_id in trace.scored.ids:
            rank = int(np.flatnonzero(trace.scored.ids == post_id)[0])
            self._say(f"Ranked {rank + 1} of {len(trace.scored)} by score alone, and no place was left for it.")
            names = [name for name in trace.scored.columns if name.startswith("term:")]
            row = trace.scored["row"][rank].tolist()
            terms = {name[5:]: float(trace.scored[name][rank]) for name in names}
            self._table(terms, dict(zip(NAMES, row, strict=True)), query)
            self._acts(person, post, query, dict(zip(NAMES, row, strict=True)))
        else:
            self._say("No source found it: it is too old, or nothing leads from this person to it.")

    def _acts(self, person: User, post: Post, query: Query, features: dict[str, float]) -> None:
        """The acts that moved its score most, where a trained model scored it."""
        if not NAME_OF_RANKER.fullmatch(query.scored_by):
            return
        self._head("Acts that moved its score most, each left out once")
        row = attribution.row_logged(features)
        asked = Query(viewer_id=person.pk, now=query.now)
        moved = attribution.of_post(load(query.scored_by), asked, post.pk, row)
        for one in moved:
            said = explain.acts(person, [one])
            self._say(f"{one.by:>+9.3f}  {said[0] if said else 'an act on a post that is gone or closed'}")
        if not moved:
            self._say("none: no act is known, or none of them mattered")

    def _table(self, terms: dict[str, float], features: dict[str, float], query: Query) -> None:
        self._head("Terms of its score (weights: ml/ranking/weights.py, home.py)")
        said, amounts = all_words(), _amounts(terms, query.scored_by)
        for name, value in sorted(terms.items(), key=lambda term: -abs(term[1])):
            if value:
                self._say(f"{value:>+9.3f}  {name:<20}{amounts.get(name, ''):<14}{said.get(name, ('', ''))[1]}")
        self._head("The numbers it was scored by")
        meanings = {feature.name: feature.meaning for feature in FEATURES}
        for name, value in features.items():
            self._say(f"{value:>9.3f}  {name:<16}{meanings.get(name, '')}")

    def _head(self, text: str) -> None:
        self.stdout.write("")
        self.stdout.write(self.style.MIGRATE_HEADING(text))

    def _say(self, text: str) -> None:
        self.stdout.write(text)


def _amounts(terms: dict[str, float], version: str) -> dict[str, str]:
    """“12 % × 0.5” for every act that a trained model foresees, as the panel has it."""
    if not NAME_OF_RANKER.fullmatch(version):
        return {}
    table = weights.current()
    return explain.amounts_of(terms, load(version).scale_by(table), table)


def _beginning(post: Post) -> str:
    return f"@{post.author.username}: {' '.join(post.text.split())[:70]}"


def _terms(terms: dict[str, float]) -> str:
    """The terms that matter, strongest first."""
    strongest = sorted(((name, value) for name, value in terms.items() if abs(value) >= 0.05), key=lambda t: -abs(t[1]))
    return ", ".join(f"{name} {value:+.2f}" for name, value in strongest)
