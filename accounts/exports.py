"""A person's own data, as plain values. Each floor adds its part: it listens to `collect_own_data`."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from accounts.models import Block, ConsentChange, Follow, Mute, User

collect_own_data = Signal()  # person; a receiver answers {"name of the part": values}


def own_data(person: User) -> dict[str, Any]:
    """Everything kept about `person`: accounts' own tables, then what the floors above answer."""
    data: dict[str, Any] = {
        "account": {
            "handle": person.username,
            "email": person.email,
            "joined": person.date_joined.isoformat(),
            "last_login": person.last_login.isoformat() if person.last_login else None,
        },
        "profile": {
            "name": person.profile.display_name,
            "bio": person.profile.bio,
            "links": person.profile.links,
            "languages": person.profile.languages,
            "recommendable": person.profile.recommendable,
        },
        "consent": {name: getattr(person.consent, name) for name in person.consent.SWITCHES},
        "consent_changes": [
            {"switch": change.switch, "given": change.given, "at": change.at.isoformat()}
            for change in ConsentChange.objects.filter(person=person).order_by("at")
        ],
        "follows": list(Follow.objects.filter(follower=person).values_list("followed__username", flat=True)),
        "followers": list(Follow.objects.filter(followed=person).values_list("follower__username", flat=True)),
        "blocks": list(Block.objects.filter(blocker=person).values_list("blocked__username", flat=True)),
        "mutes": list(Mute.objects.filter(muter=person).values_list("muted__username", flat=True)),
        "muted_phrases": list(person.muted_phrases.values_list("phrase", flat=True)),
    }
    for _receiver, part in collect_own_data.send(sender=None, person=person):
        if isinstance(part, dict):
            data.update(part)
    return data
