from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.test import Client

from tenants.models import User


@pytest.mark.django_db
def test_use_of_a_session_is_noted_every_five_minutes(
    alice: User, client_of: Callable[[User], Client]
) -> None:
    with time_machine.travel(datetime(2027, 2, 9, 9, 0, tzinfo=UTC), tick=False) as clock:
        browser = client_of(alice)
        browser.get("/person/")
        noted = UserSession.objects.get().last_seen_at
        clock.shift(299)
        browser.get("/person/")
        assert UserSession.objects.get().last_seen_at == noted
        clock.shift(1)
        browser.get("/person/")
        assert (UserSession.objects.get().last_seen_at - noted).total_seconds() == 300


def test_signed_out_visit_is_not_noted(db: None) -> None:
    Client().get("/")
    assert not UserSession.objects.exists()
