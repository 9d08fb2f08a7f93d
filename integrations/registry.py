"""Every CRM that Concord speaks to, in the order in which people choose."""

from integrations.crm import CrmProvider
from integrations.providers.dynamics import Dynamics
from integrations.providers.espocrm import EspoCrm
from integrations.providers.hubspot import HubSpot
from integrations.providers.odoo import Odoo
from integrations.providers.pipedrive import Pipedrive
from integrations.providers.salesforce import Salesforce
from integrations.providers.tryton import Tryton
from integrations.providers.zoho import Zoho

PROVIDERS: tuple[type[CrmProvider], ...] = (
    HubSpot,
    Salesforce,
    Pipedrive,
    Odoo,
    Dynamics,
    Zoho,
    Tryton,
    EspoCrm,
)


def provider_class(key: str) -> type[CrmProvider]:
    """Return the provider with this key; raise KeyError for one that is not there (any more)."""
    for provider in PROVIDERS:
        if provider.key == key:
            return provider
    raise KeyError(key)
