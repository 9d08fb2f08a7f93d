"""The web application for gunicorn or any WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from tenants.role_check import exit_unless_confined  # noqa: E402  (needs the applications loaded)

GUNICORN_GIVES_UP = 3  # with any other status it starts the next worker, which would end as well
exit_unless_confined(GUNICORN_GIVES_UP)
