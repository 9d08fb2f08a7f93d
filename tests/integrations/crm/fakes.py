"""Every vendor's fake, with what its vendor knows beyond capabilities and faults: cases ask for it by name.

A case applies to a fake that has all that the case needs: traits of this list, capabilities of the provider,
faults of the fake. `pytest --collect-only tests/integrations/crm` lists what applies to whom.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from integrations.crm import CrmProvider
from tests.integrations.crm.fake import FakeCrm, Fault
from tests.integrations.crm.specs import described
from tests.integrations.providers.fake_dynamics import FakeDynamics
from tests.integrations.providers.fake_espocrm import FakeEspoCrm
from tests.integrations.providers.fake_hubspot import FakeHubSpot
from tests.integrations.providers.fake_odoo import FakeOdoo, FakeOldOdoo
from tests.integrations.providers.fake_pipedrive import FakePipedrive
from tests.integrations.providers.fake_salesforce import FakeSalesforce
from tests.integrations.providers.fake_spreadsheet import FakeSpreadsheet
from tests.integrations.providers.fake_tryton import FakeTryton
from tests.integrations.providers.fake_zoho import FakeZoho


class Trait(StrEnum):
    """What some vendors know and others do not."""

    ARCHIVES = "archived deals are kept apart from deleted ones"
    DELETED_BY_ID = "a deleted deal that is asked for by its id is said to be deleted, not just unknown"
    MERGES = "deals can be merged, and the vendor says into which"
    STAGES_GO = "a stage can be deleted although deals are in it"
    PIPELINES = "deals can be read of some pipelines only"
    NO_AMOUNT = "a deal may have no amount"
    NO_CURRENCY = "a deal may have no currency"
    NO_PROBABILITY = "a deal may have no probability"
    NO_CLOSE_DATE = "a deal may have no close date"
    NO_COMPANY = "a deal may have no company"
    SIGNED_BODY = "webhooks are signed, so that a changed body shows"
    SIGNED_TIME = "webhooks bear a signed time"


Need = Trait | Fault | str | Callable[[type[CrmProvider]], bool]


@dataclass(frozen=True)
class Subject:
    """A fake under proof; names in the test's ids come from its provider's key."""

    fake: Callable[[], FakeCrm]
    traits: frozenset[Trait]

    def has(self, need: Need) -> bool:
        """Return whether a case's need is met; a text names one of the provider's capabilities."""
        made = self.fake()
        if isinstance(need, Trait):
            return need in self.traits
        if isinstance(need, Fault):
            return need in made.faults
        if isinstance(need, str):
            return bool(getattr(made.provider.capabilities, need))
        return need(made.provider)


def subject(fake: Callable[[], FakeCrm], *traits: Trait) -> Subject:
    return Subject(fake, frozenset(traits))


ODOO = (
    Trait.ARCHIVES,
    Trait.NO_AMOUNT,
    Trait.NO_CURRENCY,
    Trait.NO_PROBABILITY,
    Trait.NO_CLOSE_DATE,
    Trait.NO_COMPANY,
)
FAKES: tuple[Subject, ...] = (
    # HubSpot calls "archived" what people there delete: both are one.
    subject(FakeHubSpot, *(set(Trait) - {Trait.ARCHIVES})),
    # An opportunity of Salesforce's must have a close date.
    subject(
        FakeSalesforce,
        Trait.DELETED_BY_ID,
        Trait.STAGES_GO,
        Trait.NO_AMOUNT,
        Trait.NO_CURRENCY,
        Trait.NO_PROBABILITY,
        Trait.NO_COMPANY,
    ),
    # Pipedrive tells of a merge in a webhook alone; the deal that is gone looks like a deleted one.
    subject(described(FakePipedrive), *(set(Trait) - {Trait.MERGES, Trait.SIGNED_BODY, Trait.SIGNED_TIME})),
    # Odoo has two interfaces. It deletes what it merges, keeps stages that are in use and calls teams
    # pipelines, beside which there are deals without a team.
    subject(FakeOdoo, *ODOO),
    subject(FakeOldOdoo, *ODOO),
    # Dynamics tells of a deletion among its changes alone; asked for the id, it knows nothing of it.
    subject(
        FakeDynamics,
        Trait.STAGES_GO,
        Trait.NO_AMOUNT,
        Trait.NO_CURRENCY,
        Trait.NO_PROBABILITY,
        Trait.NO_CLOSE_DATE,
        Trait.NO_COMPANY,
    ),
    # Zoho keeps no archive and says of a merge only that one deal is gone. Its notifications are not signed.
    subject(
        described(FakeZoho),
        *(set(Trait) - {Trait.ARCHIVES, Trait.MERGES, Trait.SIGNED_BODY, Trait.SIGNED_TIME}),
    ),
    # A state, a currency and a probability are required; states belong to the module.
    subject(FakeTryton, Trait.NO_AMOUNT, Trait.NO_CLOSE_DATE, Trait.NO_COMPANY),
    # EspoCRM keeps nothing of what was deleted or merged away, and signs its webhooks without a time.
    subject(
        FakeEspoCrm,
        Trait.STAGES_GO,
        Trait.NO_AMOUNT,
        Trait.NO_CURRENCY,
        Trait.NO_PROBABILITY,
        Trait.NO_CLOSE_DATE,
        Trait.NO_COMPANY,
        Trait.SIGNED_BODY,
    ),
    # A file has what its rows have; nothing in it tells what was archived, deleted or merged.
    subject(
        FakeSpreadsheet,
        Trait.NO_AMOUNT,
        Trait.NO_CURRENCY,
        Trait.NO_PROBABILITY,
        Trait.NO_CLOSE_DATE,
        Trait.NO_COMPANY,
    ),
)
