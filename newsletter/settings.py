"""All settings, from the environment; `.env.example` has a line for each variable.

A wrong value stops the start with the variable's name. Nothing else reads the environment, and
this by newsletter/environment.py.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from newsletter.environment import (
    address,
    choice,
    day,
    flag,
    listing,
    number,
    options,
    rates,
    refuse,
    text,
)

BASE_DIR = Path(__file__).resolve().parent.parent

environ.Env.read_env(BASE_DIR / ".env")

DEBUG = flag("DEBUG", default=True)


def needed(name: str, value: str) -> str:
    """`value`, which only a machine under DEBUG may leave to the default."""
    if not DEBUG and not text(name):
        raise refuse(name, "is required when DEBUG is false")
    return value


# Who we are

SECRET_KEY = needed("SECRET_KEY", text("SECRET_KEY", "only-for-development-" + "x" * 50))
if not DEBUG and len(SECRET_KEY) < 40:
    raise refuse("SECRET_KEY", "must have at least 40 characters")
SECRET_KEY_FALLBACKS = listing("SECRET_KEY_FALLBACKS")
SITE_NAME = text("SITE_NAME", "Paper Round")
SITE_URL = needed("SITE_URL", text("SITE_URL", "http://localhost:8000")).rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname or _site.path:
    raise refuse("SITE_URL", f"must look like https://papers.example.org; not {SITE_URL!r}")
MAIL_FROM = needed("MAIL_FROM", address("MAIL_FROM", "digest@localhost"))
MAIL_DOMAIN = MAIL_FROM.rpartition("@")[2]
MAIL_REPLY_TO = address("MAIL_REPLY_TO", MAIL_FROM)
# Letters are refused while this is empty and DEBUG is off: newsletter/preflight.py.
POSTAL_ADDRESS = text("POSTAL_ADDRESS")
OPERATOR_EMAIL = address("OPERATOR_EMAIL")

# Where things lie

VAR_DIR = BASE_DIR / text("VAR_DIR", "var")
VAR_DIR.mkdir(parents=True, exist_ok=True)

DATABASE_URL = text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'paper-round.sqlite3'}")
if not DATABASE_URL.startswith(("sqlite://", "postgres://", "postgresql://")):
    raise refuse("DATABASE_URL", "must begin with sqlite:// or postgres://")
try:
    _database = environ.Env.db_url_config(DATABASE_URL)
except Exception as error:
    raise refuse("DATABASE_URL", f"cannot be read: {type(error).__name__}") from None
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Four writers for 8 s: no "database is locked" with WAL and IMMEDIATE, 48,000 with WAL alone.
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            # Up to 16 MB in the log: a page that each of many small commits changes is then
            # copied into the database once for all of them.
            " PRAGMA wal_autocheckpoint=4000"
        ),
    }
else:
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = text("REDIS_URL")
if REDIS_URL and urlsplit(REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
    raise refuse("REDIS_URL", "must begin with redis://, rediss:// or unix://")

# Rate limits and counters only; a page never depends on it.
CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Mail

EMAIL_URL = text("EMAIL_URL")
MAIL_PROVIDER = text("MAIL_PROVIDER")
MAIL_API_KEY = text("MAIL_API_KEY")
MAIL_PROVIDER_OPTIONS = options("MAIL_PROVIDER_OPTIONS")
MAIL_FALLBACK_PROVIDER = text("MAIL_FALLBACK_PROVIDER")
MAIL_FALLBACK_API_KEY = text("MAIL_FALLBACK_API_KEY")
if MAIL_FALLBACK_PROVIDER and not MAIL_PROVIDER:
    raise refuse(
        "MAIL_FALLBACK_PROVIDER",
        "helps out another provider: name that one as MAIL_PROVIDER, or leave this empty",
    )
MAIL_WEBHOOK_SECRET = text("MAIL_WEBHOOK_SECRET")
MAIL_RATE = number("MAIL_RATE", 0, least=0, most=100_000)
MAIL_DOMAIN_RATES = rates("MAIL_DOMAIN_RATES")
MAIL_WARMUP_SINCE = day("MAIL_WARMUP_SINCE")
MAIL_CONNECTIONS = number("MAIL_CONNECTIONS", 1, least=1, most=200)
DIGEST_ON_UNCERTAIN = choice("DIGEST_ON_UNCERTAIN", "retry", ("retry", "hold"))
# Minutes left to a provider to say whether it has a letter.
UNCERTAIN_GRACE = number("UNCERTAIN_GRACE", 10, least=0, most=1440)
SENDER_DURABLE = choice("SENDER_DURABLE", "batch", ("batch", "full"))

# The name of each provider's key in anymail's settings; the backend is anymail.backends.{name}.
PROVIDER_KEYS = {
    "amazon_ses": "",
    "brevo": "BREVO_API_KEY",
    "mailersend": "MAILERSEND_API_TOKEN",
    "mailgun": "MAILGUN_API_KEY",
    "mailjet": "MAILJET_API_KEY",
    "mailtrap": "MAILTRAP_API_TOKEN",
    "mandrill": "MANDRILL_API_KEY",
    "postal": "POSTAL_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "resend": "RESEND_API_KEY",
    "sendgrid": "SENDGRID_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
    "unisender_go": "UNISENDER_GO_API_KEY",
}
ANYMAIL: dict[str, Any] = {"REQUESTS_TIMEOUT": (5, 30), **MAIL_PROVIDER_OPTIONS}
for _name, _provider, _key in (
    ("MAIL", MAIL_PROVIDER, MAIL_API_KEY),
    ("MAIL_FALLBACK", MAIL_FALLBACK_PROVIDER, MAIL_FALLBACK_API_KEY),
):
    if not _provider:
        continue
    if _provider not in PROVIDER_KEYS:
        raise refuse(f"{_name}_PROVIDER", f"must be one of {', '.join(PROVIDER_KEYS)}")
    if PROVIDER_KEYS[_provider]:
        if not _key:
            raise refuse(f"{_name}_API_KEY", f"is required with {_name}_PROVIDER={_provider}")
        ANYMAIL[PROVIDER_KEYS[_provider]] = _key
if MAIL_PROVIDER and EMAIL_URL:
    raise refuse("EMAIL_URL", "and MAIL_PROVIDER cannot both be set")
if MAIL_WEBHOOK_SECRET:
    if ":" not in MAIL_WEBHOOK_SECRET:
        raise refuse("MAIL_WEBHOOK_SECRET", "must look like user:password")
    ANYMAIL["WEBHOOK_SECRET"] = MAIL_WEBHOOK_SECRET
elif MAIL_PROVIDER:
    needed("MAIL_WEBHOOK_SECRET", "")

EMAIL_FILE_PATH = str(VAR_DIR / "outbox")
if MAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
elif EMAIL_URL:
    _mail = urlsplit(EMAIL_URL)
    if _mail.scheme not in {"smtp", "smtps"} or not _mail.hostname:
        raise refuse("EMAIL_URL", "must look like smtp://user:password@host:587?tls=starttls")
    # Anything else would be a misspelt wish for TLS, and the password would travel in the clear.
    if _mail.query not in {"", "tls=starttls"} or (_mail.query and _mail.scheme == "smtps"):
        raise refuse("EMAIL_URL", "takes no option but ?tls=starttls, and smtps:// none")
    try:
        _config = environ.Env.email_url_config(EMAIL_URL.partition("?")[0])
    except Exception as error:
        raise refuse("EMAIL_URL", f"cannot be read: {type(error).__name__}") from None
    EMAIL_BACKEND = "newsletter.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 25)
    EMAIL_HOST_USER = _config.get("EMAIL_HOST_USER") or ""
    EMAIL_HOST_PASSWORD = _config.get("EMAIL_HOST_PASSWORD") or ""
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = bool(_mail.query)
    EMAIL_TIMEOUT = 30
else:
    EMAIL_BACKEND = "newsletter.outbox.EmailBackend"
DEFAULT_FROM_EMAIL = f"{SITE_NAME} <{MAIL_FROM}>"
SERVER_EMAIL = MAIL_FROM

# Sources

SOURCES = listing("SOURCES", "hf,arxiv")
if unknown := set(SOURCES) - {"hf", "arxiv", "arxiv_feed"}:
    raise refuse("SOURCES", f"unknown: {', '.join(sorted(unknown))}; known: hf, arxiv, arxiv_feed")
ARXIV_CATEGORIES = listing("ARXIV_CATEGORIES")
SOURCE_CONTACT = address("SOURCE_CONTACT", OPERATOR_EMAIL or MAIL_FROM)
FETCH_EVERY = number("FETCH_EVERY", 60, least=5, most=1440)
# A folder with a sentence model, for the extra `embeddings`; empty: none.
EMBEDDINGS_MODEL = text("EMBEDDINGS_MODEL")
if EMBEDDINGS_MODEL:
    if not (Path(EMBEDDINGS_MODEL) / "tokenizer.json").is_file():
        raise refuse("EMBEDDINGS_MODEL", "must be a folder with model.onnx and tokenizer.json")
    if not (find_spec("onnxruntime") and find_spec("tokenizers")):
        raise refuse("EMBEDDINGS_MODEL", "needs the extra `embeddings` to be installed")

# The Django project

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "anymail",
    "axes",
    "csp",
    "papers",
    "subscribers",
    "newsletter",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "newsletter.watch.answer_probes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "subscribers.session.keep_private",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "newsletter.urls"
WSGI_APPLICATION = "newsletter.wsgi.application"
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
                "newsletter.context.site",
            ],
        },
    },
]
# Where letters of every package find the operator's masthead, colour, words and templates.
LETTER_LOOK = "newsletter.looks.current"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1  # hour
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "subscribers.limits.address"  # not the proxy's
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "français"),
    ("es", "español"),
    ("zh-hans", "简体中文"),
    ("ar", "العربية"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# The web's safety

ALLOWED_HOSTS = listing("ALLOWED_HOSTS") or [_site.hostname]
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "subscribers.views.csrf_failure"
TRUSTED_PROXIES = number("TRUSTED_PROXIES", 0, least=0, most=5)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
_https = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# 30 topics, hours and weekdays are far below; Django itself refuses a form of 10,000 fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Celery: the digest row is the work, a task only a hint, so early acknowledgement and no results.

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 45
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "newsletter.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
    "sweep": {"task": "newsletter.tasks.sweep", "schedule": 60.0, "options": {"expires": 55}},
    "fetch": {
        "task": "newsletter.tasks.fetch",
        "schedule": FETCH_EVERY * 60.0,
        "options": {"expires": FETCH_EVERY * 60 - 5},
    },
    "fit": {"task": "newsletter.tasks.fit", "schedule": 86_400.0, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# Logs carry ids, never an address or a token.

LOG_LEVEL = choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"without_tokens": {"()": "newsletter.log_filter.WithoutTokens"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["without_tokens"],
        },
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{
            name: {"level": LOG_LEVEL} for name in ("papers", "subscribers", "newsletter", "celery")
        },
        # Warns of every HEAD, whose body Django leaves to the server to drop.
        "gunicorn.http.wsgi": {"level": "ERROR"},
        # Prints a traceback for each broken mail, which newsletter/bounces.py then reads itself.
        "flufl.bounce": {"level": "CRITICAL"},
    },
}
