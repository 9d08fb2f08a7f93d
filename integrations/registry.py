"""Every CRM that Concord speaks to, in the order in which people choose."""

from django.conf import settings

from integrations.crm import CrmProvider
from integrations.providers.dynamics import Dynamics
from integrations.providers.espocrm import EspoCrm
from integrations.providers.files import FileFeed
from integrations.providers.hubspot import HubSpot
from integrations.providers.odoo import Odoo
from integrations.providers.pipedrive import Pipedrive
from integrations.providers.salesforce import Salesforce
from integrations.providers.tryton import Tryton
from integrations.providers.zoho import Zoho
from integrations.sandbox.provider import Sandbox

PROVIDERS: tuple[type[CrmProvider], ...] = (
    HubSpot,
    Salesforce,
    Pipedrive,
    Odoo,
    Dynamics,
    Zoho,
    Tryton,
    EspoCrm,
    FileFeed,
    # Offered only where one runs: customers never see it.
    *((Sandbox,) if settings.CRM_SANDBOX_URL else ()),
)


def known_provider(key: str) -> type[CrmProvider] | None:
    """Return the provider with this key; None for one that is not there (any more)."""
    return next((provider for provider in PROVIDERS if provider.key == key), None)


def provider_class(key: str) -> type[CrmProvider]:
    """Return the provider with this key; raise KeyError for one that is not there (any more)."""
    provider = known_provider(key)
    if provider is None:
        raise KeyError(key)
    return provider
