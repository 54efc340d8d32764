"""The staff roles: Django's auth Groups, each with the least it needs. Knows the names of permissions, not of people.

Written anew after every migration, so the table below is the truth: what is added by hand to one of these groups
is taken back; what an operator needs beside it belongs in a group of their own.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Q
from django.utils.translation import gettext_noop

ADMINISTRATOR, MODERATOR, ANALYST = gettext_noop("administrator"), gettext_noop("moderator"), gettext_noop("analyst")
ROLE_NAMES = (ADMINISTRATOR, MODERATOR, ANALYST)

# "app.*" stands for every permission of an app. Adding and deleting people stays with superusers and people themselves.
ROLES: dict[str, tuple[str, ...]] = {
    ADMINISTRATOR: ("accounts.*", "feed.*", "ml.*"),
    MODERATOR: (
        "accounts.view_user",
        "accounts.suspend_user",
        "feed.view_post",
        "feed.view_comment",
        "feed.view_topic",
        "feed.view_group",
        "feed.view_membership",
        "feed.view_report",
        "feed.change_report",
        "feed.view_label",
        "feed.add_label",
        "feed.change_label",
    ),
    ANALYST: ("feed.view_topic", "feed.view_impression", "ml.view_modelversion", "ml.view_onlinefigure"),
}
APPS = ("accounts", "feed", "ml")
NEVER = frozenset({"accounts.add_user", "accounts.delete_user"})


def create_roles(sender: Any = None, using: str = DEFAULT_DB_ALIAS, **more: Any) -> None:
    """Create the roles and give each exactly its permissions: heard after the migration of each app that has some."""
    from django.contrib.auth.models import Group

    if sender is not None and sender.label not in APPS:
        return
    if Group._meta.db_table not in connections[using].introspection.table_names():
        return  # only some apps were migrated
    for name, wanted in ROLES.items():
        group, _new = Group.objects.get_or_create(name=name)
        group.permissions.set(_permissions(wanted))


def _permissions(names: tuple[str, ...]) -> list[Any]:
    from django.contrib.auth.models import Permission

    query = Q(pk__in=[])
    for name in names:
        app, codename = name.split(".")
        query |= Q(content_type__app_label=app) & (Q() if codename == "*" else Q(codename=codename))
    found = Permission.objects.filter(query).select_related("content_type")
    return [row for row in found if f"{row.content_type.app_label}.{row.codename}" not in NEVER]
