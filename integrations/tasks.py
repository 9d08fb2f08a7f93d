"""Workers' entrance: brings one import on until it needs a person or is done (outbox kind "import")."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.services.advancing import advance


def run_import(*, organization_id: int, payload: dict[str, Any], at: datetime) -> None:
    """Go on with the import from wherever it is."""
    advance(organization_id=organization_id, import_id=payload["import"], clock=timezone.now)
