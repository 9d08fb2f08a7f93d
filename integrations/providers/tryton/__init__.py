"""Tryton 8: the opportunities of the module sale_opportunity, on the customer's own server."""

from integrations.providers.tryton.provider import Tryton

__all__ = ["Tryton"]
