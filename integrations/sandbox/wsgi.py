"""The sandbox's entrance for gunicorn, as "integrations.sandbox.wsgi:alive(20)"."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application


def alive(every: int) -> WSGIHandler:
    """Return the application; salespeople change a deal about every so many seconds, never with 0."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "integrations.sandbox.settings"
    application = get_wsgi_application()
    from integrations.sandbox.life import begin

    begin(every)
    return application
