"""Zoho CRM, API v8."""

from integrations.providers.zoho.provider import Zoho

__all__ = ["Zoho"]
