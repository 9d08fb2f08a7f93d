"""The two journeys: a rep checks and proposes, operations approve, and a capacity cut flags the promise."""

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from commitments.models import Commitment, Flag
from tenants.scope import tenant_scope
from tests.e2e.company import houses_until, small_company
from tests.factories.tenants import PASSWORD

WORKER_MS = 90_000


def violations(visitor: Any) -> list[str]:
    """Return what axe finds on the page, as rule and element."""
    found = Axe().run(visitor.page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def test_promise_goes_from_check_to_approval_and_is_flagged_by_a_capacity_cut(visit: Any) -> None:
    company = small_company()
    most = houses_until(company)

    carol = visit(viewport={"width": 390, "height": 844})
    carol.sign_in("carol@acme.example", PASSWORD)
    carol.open("/o/acme/check/")
    carol.page.get_by_label("What we promise").select_option(label="Rewiring")
    carol.page.get_by_label("How many").fill(str(most + 1))
    carol.page.get_by_label("Customer").fill("Kestrel Housing")
    carol.page.get_by_label("Promised by").fill(company.due_on.isoformat())
    expect(carol.page.get_by_role("heading", name=re.compile("Not feasible by Fri"))).to_be_visible()
    expect(carol.page.locator("#answer")).to_contain_text("Electricians are short 4 h")
    assert violations(carol) == []
    carol.page.get_by_label("How many").fill(str(most))
    expect(carol.page.get_by_role("heading", name=re.compile("^(Feasible|Tight) by Fri"))).to_be_visible()
    assert f"quantity={most}" in carol.page.url
    carol.page.get_by_role("button", name=re.compile("^Propose")).first.click()
    expect(carol.page.get_by_role("heading", level=1)).to_contain_text(
        f"{most} × Rewiring for Kestrel Housing"
    )
    assert violations(carol) == []

    bob = visit(color_scheme="dark")
    bob.sign_in("bob@acme.example", PASSWORD)
    bob.open("/o/acme/approvals/")
    bob.page.get_by_role("link", name=re.compile("Kestrel Housing")).first.click()
    expect(bob.page.get_by_role("heading", name=re.compile("by Fri")).first).to_be_visible()
    assert violations(bob) == []
    bob.page.get_by_role("button", name="Approve", exact=True).click()
    bob.page.get_by_role("button", name="Approve C-1001").click()
    bob.page.wait_for_load_state()
    with tenant_scope(company.people.acme.pk):
        commitment = Commitment.objects.get()
        assert (commitment.state, commitment.verdict) == ("approved", "feasible")

    bob.open(f"/o/acme/pools/{company.pool_id}/changes/new/")
    bob.page.get_by_label("From").fill(company.due_on.isoformat())
    bob.page.get_by_label("Until").fill(company.due_on.isoformat())
    bob.page.get_by_label("Whole day").check()
    bob.page.get_by_role("button", name="Preview").click()
    expect(bob.page.get_by_role("link", name="C-1001")).to_be_visible()
    assert violations(bob) == []
    bob.page.get_by_role("button", name="Save anyway").click()
    bob.page.wait_for_load_state()

    flag = _flag_raised_by_the_worker(bob, company.people.acme.pk)
    assert (flag.kind, flag.commitment_id) == ("at_risk", commitment.pk)
    bob.open("/o/acme/flags/")
    expect(bob.page.get_by_text(re.compile("it fitted when it was approved"))).to_be_visible()
    assert violations(bob) == []
    carol.open("/o/acme/flags/")
    expect(carol.page.get_by_text(re.compile("it fitted when it was approved"))).to_be_visible()
    assert carol.errors == bob.errors == []


def _flag_raised_by_the_worker(visitor: Any, organization_id: int) -> Flag:
    """Wait for the worker's finding."""
    for _ in range(WORKER_MS // 250):
        with tenant_scope(organization_id):
            flag: Flag | None = Flag.objects.filter(closed_at=None).first()
        if flag is not None:
            return flag
        visitor.page.wait_for_timeout(250)
    raise AssertionError("no worker raised a flag")


def test_check_and_propose_work_without_javascript(visit: Any) -> None:
    company = small_company()
    carol = visit(java_script_enabled=False)
    carol.sign_in("carol@acme.example", PASSWORD)
    carol.open("/o/acme/check/")
    carol.page.get_by_label("What we promise").select_option(label="Rewiring")
    carol.page.get_by_label("How many").fill("2")
    carol.page.get_by_label("Customer").fill("Kestrel Housing")
    carol.page.get_by_label("Promised by").fill(company.due_on.isoformat())
    carol.page.get_by_role("button", name="Check", exact=True).click()
    expect(carol.page.get_by_role("heading", name=re.compile("Feasible by Fri"))).to_be_visible()
    carol.page.get_by_role("button", name=re.compile("^Propose")).first.click()
    expect(carol.page.get_by_role("heading", level=1)).to_contain_text("2 × Rewiring for Kestrel Housing")
    assert carol.errors == []
