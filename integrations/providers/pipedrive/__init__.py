"""Pipedrive, API v2 (people, notes and webhooks are still v1 there)."""

from integrations.providers.pipedrive.provider import Pipedrive

__all__ = ["Pipedrive"]
