"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

from socialsite import health, media, metrics

# Staff sign in where everyone does: the same limits on guessing, the same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.show, name="metrics"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("i18n/words.js", JavaScriptCatalog.as_view(packages=["feed"]), name="javascript-words"),
    path("accounts/", include("allauth.urls")),
    path("you/", include("accounts.urls")),
    path("you/", include("ml.urls")),
    path("", include("ml.ranking_urls")),
    path("", include("feed.urls")),
    path("api/", include("feed.api.urls")),
    path("media/<path:path>", media.show, name="media"),
]
handler400 = "feed.views.errors.bad_request"
handler403 = "feed.views.errors.forbidden"
handler404 = "feed.views.errors.not_found"
handler500 = "feed.views.errors.server_error"
