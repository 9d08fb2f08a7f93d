"""Access tokens: refreshed before they end, by one worker at a time, and stored before they are used.

OAuth 2.0 (RFC 6749 sections 4.1.3, 4.4 and 6) with PKCE (RFC 7636). The refresh holds the connection's row:
a vendor that rotates refresh tokens would otherwise answer one of two workers and sign the other out.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from integrations.crm import CrmError, CrmProvider, NeedsSignIn, OAuth
from integrations.http import Door, Reply
from integrations.models import Connection
from integrations.services.syncing.credentials import seal, unseal, unseal_if_readable
from tenants.scope import tenant_scope

MARGIN = timedelta(minutes=5)
LIFE_WHEN_UNSAID = timedelta(minutes=55)
# How sign-ins say "not now", whatever the status: OAuth's words, and Zoho's to who asks for many tokens.
NOT_NOW = {"temporarily_unavailable", "slow_down", "access denied", "rate_limit_exceeded"}
# Salesforce says so of two refreshes at a time, and of too many, in the description alone.
NOT_NOW_SAID = ("token request is already being processed", "login rate exceeded")
Clock = Callable[[], datetime]


def fresh_values(
    connection: Connection, provider: type[CrmProvider], door: Door, *, clock: Clock, force: bool
) -> dict[str, Any]:
    """Return the secret values with an access token that lasts; refresh it when it is due or forced.

    Call it outside any scope. `connection` is as the caller read it: a token that somebody else has
    refreshed since is taken as it is. Raises NeedsSignIn when the vendor no longer accepts the sign-in.
    """
    values = unseal(connection)
    if not values.get("oauth") or provider.oauth is None:
        return values
    if not force and not _is_due(connection, clock()):
        return values
    with tenant_scope(connection.tenant):
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        refreshed_meanwhile = row.secret != connection.secret
        if refreshed_meanwhile and not _is_due(row, clock()):
            return unseal(row)
        answer = _ask_for_token(provider.oauth, row, door, _refresh_form(unseal(row)))
        keep_tokens(row, provider.oauth, answer, at=clock())
    connection.secret, connection.token_expires_at = row.secret, row.token_expires_at
    return unseal(row)


def _is_due(connection: Connection, at: datetime) -> bool:
    return connection.token_expires_at is not None and connection.token_expires_at - MARGIN <= at


def _refresh_form(values: Mapping[str, Any]) -> dict[str, str]:
    if values.get("grant") == "client_credentials":
        return {"grant_type": "client_credentials"}
    if not values.get("refresh_token"):
        raise NeedsSignIn("The sign-in has ended. Sign in again.")
    return {"grant_type": "refresh_token", "refresh_token": str(values["refresh_token"])}


def exchange_code(
    connection: Connection,
    provider: type[CrmProvider],
    door: Door,
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
) -> dict[str, Any]:
    """Return what the token endpoint answers to the code of a finished sign-in."""
    assert provider.oauth is not None
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if provider.oauth.pkce:
        form["code_verifier"] = verifier
    return _ask_for_token(provider.oauth, connection, door, form)


def keep_tokens(connection: Connection, oauth: OAuth, answer: Mapping[str, Any], *, at: datetime) -> None:
    """Store what the token endpoint answered; a refresh token that it does not repeat stays."""
    held = unseal_if_readable(connection)
    kept = {
        name: answer[name] for name in ("access_token", "refresh_token", *oauth.keeps) if answer.get(name)
    }
    connection.secret = seal(connection, held | kept | {"oauth": True})
    connection.token_expires_at = at + _life(answer.get("expires_in"))
    connection.save(update_fields=["secret", "token_expires_at"])


def _life(seconds: Any) -> timedelta:
    try:
        return timedelta(seconds=max(int(seconds), 60))
    except (TypeError, ValueError):
        return LIFE_WHEN_UNSAID


def _ask_for_token(oauth: OAuth, connection: Connection, door: Door, form: dict[str, str]) -> dict[str, Any]:
    identity, secret = client_of(connection)
    if not oauth.client_in_header:
        form |= {"client_id": identity, "client_secret": secret}
    if form["grant_type"] == "client_credentials":
        form["scope"] = " ".join(oauth.scopes).format(**connection.entries)
    reply = door.send(
        "POST",
        oauth.token_url.format(**connection.entries),
        form=form,
        basic=(identity, secret) if oauth.client_in_header else None,
        headers={"Accept": "application/json"},
    )
    return _token_answer(reply)


def _token_answer(reply: Reply) -> dict[str, Any]:
    try:
        answer = reply.json()
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    if reply.status == 429 or reply.status >= 500 or _is_not_now(answer):
        raise CrmError("The CRM's sign-in does not answer at the moment.")
    if not answer.get("access_token"):
        raise NeedsSignIn("The CRM does not accept our sign-in any more. Sign in again.")
    return answer


def _is_not_now(answer: Mapping[str, Any]) -> bool:
    said = str(answer.get("error_description")).lower()
    return str(answer.get("error")).lower() in NOT_NOW or any(each in said for each in NOT_NOW_SAID)


def client_of(connection: Connection) -> tuple[str, str]:
    """Return the OAuth client: the customer's own when it was entered, otherwise the installation's."""
    values = unseal_if_readable(connection)
    own = str(connection.entries.get("client_id") or values.get("client_id") or "")
    if own:
        return own, str(values.get("client_secret") or "")
    identity, secret = settings.CRM_CLIENTS.get(connection.provider, ("", ""))
    return identity, secret


def new_verifier() -> str:
    """Return a fresh PKCE verifier."""
    return secrets.token_urlsafe(48)


def authorize_address(
    connection: Connection, oauth: OAuth, *, state: str, verifier: str, redirect_uri: str
) -> str:
    """Return where the person signs in at the vendor."""
    parameters = {
        "response_type": "code",
        "client_id": client_of(connection)[0],
        "redirect_uri": redirect_uri,
        "scope": " ".join(oauth.scopes).format(**connection.entries),
        "state": state,
        **oauth.extra,
    }
    if oauth.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        parameters["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        parameters["code_challenge_method"] = "S256"
    return f"{oauth.authorize_url.format(**connection.entries)}?{urlencode(parameters)}"
