"""Who deletes their account leaves nothing that was learned from them, and nothing to learn from."""

from __future__ import annotations

from typing import Any

from accounts import actions as people
from accounts.models import ConsentChange
from feed.models import Impression, Outcome, Post
from ml.models import InterestAdjustment, InterestVector, Learner, PostVector, Steering
from tests.ml.training.conftest import DIMENSIONS, MODEL, Site

OF_PERSON = (Impression, InterestVector, InterestAdjustment, Learner, Steering, ConsentChange)


def traces(site: Site, name: str) -> Any:
    """A person with a row of every kind, shown a post of an author whom nobody deletes."""
    person = site.person(name)
    site.act(site.show(person, [site.posts[0]], site.now)[0])
    vector = [1.0] + [0.0] * (DIMENSIONS - 1)
    InterestVector.objects.create(person=person, model=MODEL, rank=0, vector=vector, strength=1.0)
    InterestAdjustment.objects.create(person=person, model=MODEL, vector=vector, factor=0.3)
    Learner.objects.update_or_create(person=person, defaults={"learned_at": site.now})
    Steering.objects.create(person=person, fresh=0.5)
    people.give_consent(person, opens=False)
    return person


def test_deleting_an_account_deletes_what_was_learned_from_it(site: Site) -> None:
    author = site.person("author")
    site.write(author)
    leaver, stayer = traces(site, "leaver"), traces(site, "stayer")
    own = site.write(leaver)
    seen = site.show(stayer, [own], site.now)[0]  # by somebody who stays
    site.act(seen)
    gone, kept = leaver.pk, stayer.pk
    assert all(model.objects.filter(person=gone).exists() for model in OF_PERSON)
    assert PostVector.objects.filter(post=own).exists()

    people.delete_account(leaver)

    for model in OF_PERSON:
        assert not model.objects.filter(person=gone).exists(), model
        assert model.objects.filter(person=kept).count() == 1, model
    assert not Post.objects.filter(pk=own.pk).exists()
    assert not PostVector.objects.filter(post_id=own.pk).exists()
    assert not Impression.objects.filter(post_id=own.pk).exists()
    (outcome,) = Outcome.objects.all()
    assert (outcome.impression.person_id, outcome.impression.post.author_id) == (kept, author.pk)
