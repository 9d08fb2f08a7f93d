"""Notes now and then when a session was last used, for the list of sessions."""

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.http.response import HttpResponseBase

NOTED_AT = "seen_at"  # key of the session
EVERY_SECONDS = 300


class SessionActivityMiddleware:
    """Writes once in EVERY_SECONDS; django-allauth's own would write to the disk for every page."""

    def __init__(self, get_response: Callable[[Any], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        """Note the use, then answer."""
        now = int(time.time())
        if request.user.is_authenticated and now - request.session.get(NOTED_AT, 0) >= EVERY_SECONDS:
            request.session[NOTED_AT] = now
            UserSession.objects.create_from_request(request)
        return self.get_response(request)
