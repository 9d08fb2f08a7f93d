"""The sandbox's own Django: no database, no sessions, no secret; pages look as Concord's do."""

import os
from pathlib import Path

from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("CONCORD_HOME", BASE_DIR / ".concord"))
SANDBOX_FILE = HOME / "sandbox.json"

ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "integrations.sandbox.urls"
INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "template_partials",
    "ui",
    "integrations.sandbox",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["ui.templatetags.ui", "template_partials.templatetags.partials"],
            "context_processors": ["django.template.context_processors.request"],
        },
    }
]
FORM_RENDERER = "ui.forms.Renderer"
# Browsers do not tell two ports of one machine apart: Concord's own cookie must not be overwritten.
CSRF_COOKIE_NAME = "sandbox_csrf"
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
    }
}
LANGUAGE_CODE, TIME_ZONE, USE_TZ = "en-gb", "UTC", True
STATIC_URL, STATICFILES_DIRS = "/static/", [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
