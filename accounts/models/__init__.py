"""The tables about people. Nothing here knows that posts exist."""

from accounts.models.consent import Consent, ConsentChange, Signs
from accounts.models.people import USERNAME_VALIDATORS, Profile, User
from accounts.models.relations import Block, Follow, Mute, MutedPhrase

__all__ = [
    "USERNAME_VALIDATORS",
    "Block",
    "Consent",
    "ConsentChange",
    "Follow",
    "Mute",
    "MutedPhrase",
    "Profile",
    "Signs",
    "User",
]
