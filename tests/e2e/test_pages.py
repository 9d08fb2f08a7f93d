"""Every page of the sample company: no axe violation, no console error, no sideways scroll at 320 px.

Only the heat map of the Board is wider than a phone and scrolls inside itself.
"""

from typing import Any

import pytest
from django.utils import timezone

from capacity.models import Pool
from commitments.models import Commitment, Deal, Offering, StoredVerdict
from dashboards.demo.filling import fill
from dashboards.demo.stage import Size
from tenants.scope import tenant_scope
from tests.e2e.test_journeys import violations
from tests.factories.tenants import PASSWORD, Organizations, two_organizations

MODES = {
    "wide, light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "narrow, dark": {"viewport": {"width": 320, "height": 700}, "color_scheme": "dark"},
}
WIDE_TABLES = """[...document.querySelectorAll(".scroll-x:not(.heat-wrap)")]
    .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.ariaLabel)"""


def sample() -> tuple[Organizations, list[str]]:
    """Save a small sample company; return it with the paths of its pages."""
    people = two_organizations()
    with tenant_scope(people.acme.pk):
        fill(organization=people.acme, size=Size(40, 40, 5), at=timezone.now())
        proposal = Commitment.objects.filter(state="proposed").first()
        running = Commitment.objects.filter(state="approved").first()
        assert proposal is not None
        assert running is not None
        deal, offering, pool = Deal.objects.first(), Offering.objects.first(), Pool.objects.first()
        verdict = StoredVerdict.objects.first()
        for made in (deal, offering, pool, verdict):
            assert made is not None
        asked = f"offering={offering.pk}&quantity=900&promised_on={running.promised_on}"
        paths = [
            "check/",
            f"check/?{asked}",
            "approvals/",
            f"approvals/{proposal.pk}/",
            "commitments/",
            f"commitments/{running.pk}/",
            f"verdicts/{verdict.pk}/",
            "board/",
            "deals/",
            f"deals/{deal.pk}/",
            "deals/new/",
            "flags/",
            "offerings/",
            f"offerings/{offering.pk}/",
            f"offerings/{offering.pk}/change/",
            "pools/",
            f"pools/{pool.pk}/",
            f"pools/{pool.pk}/changes/new/",
            f"pools/{pool.pk}/people/new/",
            "pools/import/people/",
            "members/",
            "members/invite/",
            "tokens/",
            "settings/",
        ]
    return people, paths


@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_clean(visit: Any, mode: str) -> None:
    _, paths = sample()
    alice = visit(**MODES[mode])
    alice.sign_in("alice@acme.example", PASSWORD)
    found = {}
    for path in paths:
        answer = alice.page.goto(f"{alice.url}/o/acme/{path}")
        width = alice.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        problems = [*alice.errors, *violations(alice), *alice.page.evaluate(WIDE_TABLES)]
        alice.errors.clear()
        if answer.status != 200 or width > 0 or problems:
            found[path] = (answer.status, width, problems[:4])
    assert found == {}
