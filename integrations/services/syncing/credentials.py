"""Secrets of connections, encrypted with keys of their own; the organization is bound inside.

A sealed secret is "<key id>.<token>" (Fernet: AES-128-CBC with HMAC-SHA256). The first of CREDENTIAL_KEYS
seals; all of them open, so that keys can be changed without signing in anew (rotate_credentials).
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from integrations.models import Connection


class Unreadable(Exception):
    """No key of this installation opens the secret, or it belongs to another connection."""


def seal(connection: Connection, values: dict[str, Any]) -> str:
    """Return the values encrypted for this connection alone; it must be saved (have an id)."""
    inside = {"organization": connection.organization_id, "connection": connection.pk, "values": values}
    name, key = next(iter(_keys().items()))
    return f"{name}.{Fernet(key).encrypt(json.dumps(inside).encode()).decode()}"


def unseal(connection: Connection) -> dict[str, Any]:
    """Return the connection's secret values; {} when it has none. Raises Unreadable."""
    if not connection.secret:
        return {}
    name, _, token = connection.secret.partition(".")
    key = _keys().get(name)
    if key is None:
        raise Unreadable(f"The key {name} is not among CREDENTIAL_KEYS.")
    try:
        inside = json.loads(Fernet(key).decrypt(token.encode()))
    except InvalidToken:
        raise Unreadable("The secret was changed outside of Concord.") from None
    if (inside["organization"], inside["connection"]) != (connection.organization_id, connection.pk):
        raise Unreadable("The secret belongs to another connection.")
    values: dict[str, Any] = inside["values"]
    return values


def unseal_if_readable(connection: Connection) -> dict[str, Any]:
    """Return the secret values; {} where no key opens them, for who enters them anew or removes them."""
    try:
        return unseal(connection)
    except Unreadable:
        return {}


def is_sealed_with_newest_key(connection: Connection) -> bool:
    """Return whether nothing is left to rotate."""
    return not connection.secret or connection.secret.partition(".")[0] == next(iter(_keys()))


def _keys() -> dict[str, bytes]:
    """Return Fernet keys by id, the sealing one first: of CREDENTIAL_KEYS, then of SECRET_KEY.

    What was sealed before CREDENTIAL_KEYS was set for the first time can still be opened, and rotated.
    """
    keys = {}
    for text in (*settings.CREDENTIAL_KEYS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        digest = hashlib.sha256(b"concord.connections:" + text.encode()).digest()
        keys[hashlib.sha256(digest).hexdigest()[:8]] = base64.urlsafe_b64encode(digest)
    return keys
