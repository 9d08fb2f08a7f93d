"""What a deal's CRM said last and what was written back to it: for the deal's page, one floor below."""

from commitments.models import Deal
from integrations.models import Connection, RemoteDeal, WriteBack
from ui.formatting import full_date, full_moment


def origin_of(deal: Deal) -> list[tuple[str, str]]:
    """Return rows of (what, words) for a deal that a connection brought; [] for any other."""
    connection = Connection.objects.filter(name=deal.external_source).first() if deal.external_id else None
    remote = (
        RemoteDeal.objects.filter(connection=connection, remote_id=deal.external_id).first()
        if connection is not None
        else None
    )
    if connection is None or remote is None:
        return []
    rows = [
        ("Changed there", full_moment(remote.changed_at)),
        ("Read here", full_moment(remote.read_at)),
    ]
    if remote.gone_at is not None:
        rows.append(("Gone there since", full_date(remote.gone_at)))
    return [*rows, *_written(connection, deal)]


def _written(connection: Connection, deal: Deal) -> list[tuple[str, str]]:
    row = WriteBack.objects.filter(connection=connection, remote_id=deal.external_id).first()
    if row is None:
        return [("Written back", "Nothing yet" if connection.writes_back else "Switched off")]
    verdict = str(row.wanted.get("concord_verdict", ""))
    if row.error:
        return [("Not written back", row.error)]
    if row.sent_at is None:
        return [("To be written back", verdict)]
    return [("Written back", f"{verdict}, {full_moment(row.sent_at)}")]
