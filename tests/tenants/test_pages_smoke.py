from collections.abc import Callable

import pytest
from django.test import Client

from tenants.models import Organization, User


@pytest.mark.parametrize("path", ["members/", "members/invite/", "tokens/", "tokens/new/", "settings/"])
def test_page_opens(path: str, acme: Organization, alice: User, client_of: Callable[[User], Client]) -> None:
    response = client_of(alice).get(f"/o/acme/{path}")
    assert response.status_code == 200
    print(response.content.decode())
