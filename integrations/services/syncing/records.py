"""Deals of a CRM as JSON, and the digest that tells whether one really differs."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from integrations.crm import DealRecord


def json_of(record: DealRecord) -> dict[str, Any]:
    """Return everything the record says, without when it changed, as plain JSON."""
    values = asdict(record)
    del values["changed_at"]
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain


def digest_of(values: Any) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys."""
    return sha256(json.dumps(values, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()
