"""Every setting, read once. With no environment at all the site runs alone; each engine is one URL away from scale."""

import logging
import sys
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from socialsite import admin_look, embedded, env, logs
from socialsite.engines import redis as embedded_redis

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var", "Folder for everything the site writes: database, media, models, logs.")
MODELS_DIR = VAR_DIR / "models"
VAR_DIR.mkdir(parents=True, exist_ok=True)
TESTING = "pytest" in sys.modules

# --- The site -----------------------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", False, "Show tracebacks and reload templates. Never on the internet.")
DEMO = env.flag("DEMO", False, "Offer one-click sign-in as the demo people. Never on the internet.")
SITE_NAME = env.text("SITE_NAME", "Courtyard", "The name of the site in English.")
SITE_NAME_ZH = env.text("SITE_NAME_ZH", "庭院", "The name of the site in Chinese.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], "Host names the site answers to.")
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS", [], "Origins trusted behind a proxy, such as https://example.org."
)


def _secret_key() -> str:
    """The secret of this installation: given by SECRET_KEY, or made once under var/, readable by its owner only."""
    given = env.text("SECRET_KEY", "", "Signs sessions and links; made once under var/ when not given.")
    if given:
        return given
    kept = VAR_DIR / "secret_key"
    try:
        kept.touch(mode=0o600, exist_ok=False)
        kept.write_text(get_random_secret_key() + get_random_secret_key())
    except FileExistsError:
        pass
    return kept.read_text().strip() or get_random_secret_key()


SECRET_KEY = _secret_key()
HTTPS = env.flag("HTTPS", False, "The site is served over HTTPS: secure cookies, HSTS, redirect.")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.flag("BEHIND_PROXY", False, "A proxy in front sets X-Forwarded-Proto and is trusted for it."):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "feed.views.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- Apps ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "channels",
    "rest_framework",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "django_structlog",
    "accounts",
    "feed",
    "ml",
    "socialsite",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "socialsite.security.AdminPolicyMiddleware",
    "socialsite.request_log.RequestLogMiddleware",
    "socialsite.metrics.MetricsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "socialsite.urls"
ASGI_APPLICATION = "socialsite.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "feed.context.site",
            ],
        },
    },
]

# --- Engines: started on demand under var/ when no URL is given ---------------------------------------------------
DATABASE_URL = env.url(
    "DATABASE_URL",
    "",
    ["postgres", "postgresql"],
    "PostgreSQL with pgvector; empty: started on demand under var/.",
)
REDIS_URL = env.url("REDIS_URL", "", ["redis", "rediss", "unix"], "Redis; empty: started on demand under var/.")
CONN_MAX_AGE = env.integer("CONN_MAX_AGE", 60, "Seconds a database connection is kept for the next request.")
DATABASES = {
    "default": {
        **(embedded.parse_database_url(DATABASE_URL) if DATABASE_URL else embedded.postgres_database(VAR_DIR)),
        "CONN_MAX_AGE": CONN_MAX_AGE,
        "CONN_HEALTH_CHECKS": True,
    }
}
REDIS = REDIS_URL or embedded.redis_url(VAR_DIR)
REDIS_POOL = {} if REDIS_URL else {"connection_class": embedded_redis.Connection}
REDIS_LIVE = {"address": REDIS_URL} if REDIS_URL else embedded_redis.async_host(REDIS)
CACHE_URL = env.url(
    "CACHE_URL", "", ["redis", "rediss", "unix"], "Redis of the cache; empty: the same Redis, its database 1."
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL or embedded.redis_database(REDIS, 1),
        "KEY_PREFIX": "courtyard-tests" if TESTING else "courtyard",
        # A dead cache makes pages slower, never broken.
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 2,
            "CONNECTION_POOL_KWARGS": REDIS_POOL,
        },
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_LIVE], "prefix": "courtyard-tests-live" if TESTING else "courtyard-live"},
    }
}
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL",
    "",
    ["redis", "rediss", "amqp", "amqps"],
    "Broker of background work; empty: the same Redis.",
) or REDIS.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 60 * 60 * 4
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60 * 60 * 5,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    # Publishing is tried twice and then given up: the sweep finds what was not queued.
    "retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0.2, "timeout": 1.0},
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# --- People -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.ByHandle",
    "accounts.backends.ByHandleOrEmail",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "feed:home"
ACCOUNT_LOGOUT_REDIRECT_URL = "feed:home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
ACCOUNT_EMAIL_VERIFICATION = env.choice(
    "EMAIL_VERIFICATION",
    "optional",
    ["mandatory", "optional", "none"],
    "Whether an e-mail address must be confirmed.",
)
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_USERNAME_VALIDATORS = "accounts.models.USERNAME_VALIDATORS"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or not HTTPS
USERSESSIONS_TRACK_ACTIVITY = False
EMAIL_URL_HOST = env.text("EMAIL_HOST", "", "SMTP server; empty: e-mails are printed on the console.")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_URL_HOST else 'console'}.EmailBackend"
EMAIL_HOST = EMAIL_URL_HOST or "localhost"
EMAIL_PORT = env.integer("EMAIL_PORT", 587, "Port of the SMTP server.", most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "", "Name at the SMTP server.")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "", "Password at the SMTP server.")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True, "Speak TLS to the SMTP server.")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Courtyard <courtyard@localhost>", "Sender of e-mails.")

# --- Languages and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "packages"]  # the second: what packages leave in English
TIME_ZONE = env.text("TIME_ZONE", "UTC", "Time zone of the pages, such as Europe/Berlin.")
CELERY_TIMEZONE = TIME_ZONE  # half past two at night is that of the people here
USE_I18N = USE_TZ = True

# --- Files --------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", 10_000_000, "Largest image someone may upload, in bytes.")
UPLOAD_MAX_PIXELS = env.integer("UPLOAD_MAX_PIXELS", 40_000_000, "Largest image someone may upload, in pixels.")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 8

# --- What posts may be --------------------------------------------------------------------------------------------
POST_MAX_LENGTH = env.integer(
    "POST_MAX_LENGTH", 500, "Longest post, in characters as people count them.", least=1, most=5000
)
POST_MAX_IMAGES = 4
PAGE_SIZE = env.integer("PAGE_SIZE", 20, "Posts on one page.", least=5, most=100)
RATE_LIMITS_ENABLED = env.flag("RATE_LIMITS", True, "Refuse writes that come faster than a person can make them.")
RATELIMIT_FAIL_OPEN = True  # a dead Redis must not stop anybody from writing
IMPRESSIONS_KEPT_DAYS = env.integer(
    "IMPRESSIONS_KEPT_DAYS",
    90,
    "Days after which what was shown to whom, and done about it, is deleted; training wants 30.",
    least=1,
)

# --- What is learned ----------------------------------------------------------------------------------------------
RECOMMENDER = env.flag("RECOMMENDER", True, "Rank the home page; off: newest first everywhere.")
FEED_BACKENDS = {
    "ranker": "ml.backends.HomeRanker" if RECOMMENDER else "feed.backends.NewestFirst",
    "assistant": "feed.backends.SilentAssistant",
    "suggester": "ml.backends.Suggester" if RECOMMENDER else "feed.popular.PopularFirst",
    "understanding": "ml.backends.Understanding" if RECOMMENDER else "feed.backends.NoUnderstanding",
}
EMBEDDER_MODEL = env.text(
    "EMBEDDER_MODEL",
    "multilingual-e5-small",
    "Sentence encoder: the packaged one, a folder, or a sentence-transformers name.",
)
ONNX_THREADS = env.integer("ONNX_THREADS", 2, "Processor threads one process uses for its models.", least=1, most=64)

# --- Watching -----------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN", "", "Bearer token for /metrics; empty: only from this machine.")
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"], "How much is logged.")
LOG_FORMAT = env.choice("LOG_FORMAT", "console", ["console", "json"], "Logs for people or for machines.")
LOGGING = logs.configure(LOG_LEVEL, LOG_FORMAT)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
UNFOLD = admin_look.unfold(SITE_NAME, SITE_NAME_ZH, "socialsite.dashboard.front_page")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SILENCED_SYSTEM_CHECKS: list[str] = []
