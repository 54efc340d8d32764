"""The admin's pages about people, consents and staff roles; e-mail addresses only for those who may change accounts."""

from django.contrib import admin

from accounts.admin import consent, people, roles

# allauth brings pages that show session keys, the secrets of second factors and e-mail addresses.
KEPT_PRIVATE = ("account.EmailAddress", "mfa.Authenticator", "usersessions.UserSession")
for _model in list(admin.site._registry):
    if _model._meta.label in KEPT_PRIVATE:
        admin.site.unregister(_model)

__all__ = ["consent", "people", "roles"]
