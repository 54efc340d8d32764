"""What accounts hears: that a user row was made, so that its profile and consent are always there."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import Consent, Profile, User


@receiver(post_save, sender=User, dispatch_uid="accounts.complete_person")
def complete_person(instance: User, created: bool, raw: bool = False, **_: Any) -> None:
    """The one `post_save` of the house: users are also made by allauth, `createsuperuser` and the admin."""
    if created and not raw:
        Profile.objects.get_or_create(user=instance)
        Consent.objects.get_or_create(person=instance)
