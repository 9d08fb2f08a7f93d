"""A salesperson changes a deal in the CRM: Concord flags it, and its verdict stands on the deal there."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from commitments.models import Deal, Flag
from integrations.models import Connection, SyncRun, WriteBack
from tenants.scope import tenant_scope
from tests.e2e.conftest import Site
from tests.e2e.test_journeys import violations
from tests.e2e.test_pages import MODES, sample
from tests.factories.tenants import PASSWORD

FIRST_IMPORT_MS, WORKER_MS = 90_000, 30_000


def connected(visitor: Any, site: Site) -> tuple[int, int]:
    """Connect the sample company as the demo does; return organization and connection once all is written."""
    people, _ = sample()
    site.manage("demo_connection", "--organization", people.acme.slug)
    for _ in range(FIRST_IMPORT_MS // 250):
        with tenant_scope(people.acme.pk):
            rows = WriteBack.objects.all()
            if rows.exists() and not rows.filter(sent_at=None).exists():
                return people.acme.pk, Connection.objects.get().pk
        visitor.page.wait_for_timeout(250)
    raise AssertionError("no worker wrote what the deals should say")


def open_fitting_deal(visitor: Any, site: Site) -> str:
    """Open the sandbox's page of a deal that fits so far; return the deal's id."""
    visitor.page.goto(site.sandbox)
    rows = visitor.page.get_by_role("row").filter(has_text="Quote sent").filter(has_text="Feasible")
    link = rows.filter(has_not_text="Not feasible").first.get_by_role("link")
    visitor.page.goto(f"{site.sandbox}{link.get_attribute('href')}")
    return str(visitor.page.url.rpartition("/")[2])


def test_change_in_the_crm_is_flagged_and_the_verdict_appears_there(visit: Any, site: Site) -> None:
    maya = visit()
    organization_id, _ = connected(maya, site)
    deal_id = open_fitting_deal(maya, site)
    concord = maya.page.locator("#concord")
    expect(concord).to_contain_text("Checked")
    assert violations(maya) == []

    maya.page.get_by_label("How many").fill("90000")
    maya.page.get_by_role("button", name="Save").click()
    expect(concord).to_contain_text("Not feasible", timeout=WORKER_MS)
    expect(concord).to_contain_text(re.compile("(is|are) short [0-9,]+ h"))
    with tenant_scope(organization_id):
        marker = WriteBack.objects.get(remote_id=deal_id).marker
        expect(concord.get_by_text(marker)).to_have_count(1)  # the note that was there says something else
        expect(concord.get_by_text(marker)).to_contain_text("Not feasible")
        deal = Deal.objects.select_related("company").get(external_source="Sandbox CRM", external_id=deal_id)
        assert [line.quantity for line in deal.lines.all()] == [90000]
        assert Flag.objects.filter(deal=deal, kind="infeasible_as_promised", closed_at=None).count() == 1
        assert SyncRun.objects.filter(kind="notified", updated=1).exists()  # a webhook brought it

    bob = visit()
    bob.sign_in("bob@acme.example", PASSWORD)
    bob.page.goto(str(concord.get_by_role("link").get_attribute("href")))
    expect(bob.page.get_by_role("heading", level=1)).to_contain_text(deal.company.name)
    expect(bob.page.get_by_role("main")).to_contain_text("Not feasible")
    assert maya.errors == bob.errors == []


@pytest.mark.parametrize("mode", MODES)
def test_pages_of_a_connection_are_clean(visit: Any, site: Site, mode: str) -> None:
    alice = visit(**MODES[mode])
    _, connection_id = connected(alice, site)
    alice.sign_in("alice@acme.example", PASSWORD)
    here = f"/o/acme/connections/{connection_id}/"
    pages = ["/o/acme/connections/", *(f"{here}{page}" for page in ("", "mapping/", "history/", "written/"))]
    found = {}
    for path in [f"{site.sandbox}/", *(f"{site.url}{page}" for page in pages)]:
        answer = alice.page.goto(path)
        width = alice.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        problems = [*alice.errors, *violations(alice)]
        alice.errors.clear()
        if answer.status != 200 or width > 0 or problems:
            found[path] = (answer.status, width, problems[:4])
    assert found == {}
