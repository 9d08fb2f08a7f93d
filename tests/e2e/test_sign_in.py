from typing import Any

from tests.factories.tenants import PASSWORD, two_organizations


def test_people_sign_in_and_land_in_their_organization(visit: Any) -> None:
    two_organizations()
    carol = visit()
    carol.sign_in("carol@acme.example", PASSWORD)
    assert "/o/acme/" in carol.page.url
    assert carol.errors == []
