"""Odoo: opportunities of the CRM app, over JSON-2 (Odoo 19 and newer) or JSON-RPC (before)."""

from integrations.providers.odoo.provider import Odoo

__all__ = ["Odoo"]
