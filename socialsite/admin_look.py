"""How the admin looks and what its side bar offers: the site's colours over unfold. Decides no permission."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import get_language, gettext_lazy as _

# The site's tokens (feed/static/feed/tokens.css) on unfold's two scales: paper, ink and night; cinnabar.
BASE = {
    "50": "oklch(98% .008 85)",
    "100": "oklch(95.6% .011 85)",
    "200": "oklch(90% .012 85)",
    "300": "oklch(84% .014 80)",
    "400": "oklch(72% .014 85)",
    "500": "oklch(52% .02 60)",
    "600": "oklch(44% .02 60)",
    "700": "oklch(36% .018 260)",
    "800": "oklch(29% .016 260)",
    "900": "oklch(20% .015 260)",
    "950": "oklch(16% .014 260)",
}
PRIMARY = {
    "50": "oklch(97% .015 45)",
    "100": "oklch(95% .022 45)",
    "200": "oklch(90% .05 40)",
    "300": "oklch(83% .09 40)",
    "400": "oklch(74% .13 40)",
    "500": "oklch(66% .16 38)",
    "600": "oklch(51% .165 35)",
    "700": "oklch(46% .15 35)",
    "800": "oklch(40% .13 35)",
    "900": "oklch(34% .1 35)",
    "950": "oklch(27% .07 35)",
}
SECTIONS: list[tuple[Any, list[tuple[Any, str, str]]]] = [
    (
        _("Moderation"),
        [
            (_("Reports"), "flag", "feed.report"),
            (_("Posts"), "article", "feed.post"),
            (_("Comments"), "forum", "feed.comment"),
            (_("Labels"), "label", "feed.label"),
        ],
    ),
    (
        _("People and places"),
        [
            (_("People"), "group", "accounts.user"),
            (_("Groups"), "holiday_village", "feed.group"),
            (_("Memberships"), "badge", "feed.membership"),
            (_("Topics"), "tag", "feed.topic"),
            (_("Consent changes"), "handshake", "accounts.consentchange"),
            (_("Roles"), "admin_panel_settings", "auth.group"),
        ],
    ),
    (
        _("What is learned"),
        [
            (_("Impressions"), "visibility", "feed.impression"),
            (_("Interests"), "interests", "ml.interestvector"),
            (_("Watching the ranker"), "monitoring", "ml.onlinefigure"),
            (_("Model versions"), "deployed_code", "ml.modelversion"),
            (_("Weights"), "tune", "ml.headweights"),
            (_("Training"), "model_training", "ml.trainingrun"),
        ],
    ),
]


def unfold(name: str, name_zh: str, dashboard: str) -> dict[str, Any]:
    """The UNFOLD setting."""
    return {
        "SITE_TITLE": lambda request: name_zh if (get_language() or "").startswith("zh") else name,
        "SITE_HEADER": lambda request: name_zh if (get_language() or "").startswith("zh") else name,
        "SITE_SYMBOL": "door_open",
        "SITE_URL": "/",
        "SHOW_HISTORY": True,
        "SHOW_LANGUAGES": True,
        "SHOW_BACK_BUTTON": True,
        "BORDER_RADIUS": "6px",
        "DASHBOARD_CALLBACK": dashboard,
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("feed/favicon.svg")}],
        "STYLES": [_static("feed/tokens.css"), _static("socialsite/admin.css")],
        "COLORS": {"base": BASE, "primary": PRIMARY},
        "SIDEBAR": {"show_search": False, "navigation": _navigation},
    }


def _static(path: str) -> Callable[[HttpRequest], str]:
    def address(request: HttpRequest) -> str:
        from django.templatetags.static import static

        return static(path)

    return address


def _navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The front page, then every page this person may open."""
    front = {"title": _("Front page"), "icon": "dashboard", "link": reverse_lazy("admin:index")}
    shown: list[dict[str, Any]] = [{"items": [front]}]
    for title, pages in SECTIONS:
        items = [
            {"title": words, "icon": icon, "link": reverse_lazy(f"admin:{model.replace('.', '_')}_changelist")}
            for words, icon, model in pages
            if _may_open(request, model)
        ]
        if items:
            shown.append({"title": title, "separator": True, "items": items})
    return shown


def _may_open(request: HttpRequest, model: str) -> bool:
    app, name = model.split(".")
    if model == "auth.group":
        return bool(request.user.is_superuser)
    return bool(request.user.has_perm(f"{app}.view_{name}") or request.user.has_perm(f"{app}.change_{name}"))
