"""EspoCRM: opportunities over its REST API, on the customer's own server."""

from integrations.providers.espocrm.provider import EspoCrm

__all__ = ["EspoCrm"]
