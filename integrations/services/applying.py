"""Applies a checked import in one transaction: everything comes in or nothing does."""

from datetime import datetime

from commitments.services.reassessment import ask_for_reassessment
from integrations.files.mapping import FORMATS
from integrations.files.settling import REMEMBERED
from integrations.models import FileImport, RememberedMapping
from integrations.services.checking import CHUNK, Clock, mapping_of
from integrations.services.staging import count_actions, next_group, settle_group, surroundings
from integrations.services.uploading import close
from tenants.errors import Busy
from tenants.scope import tenant_scope

Status = FileImport.Status


def apply_import(*, organization_id: int, import_id: int, clock: Clock) -> None:
    """Write the import's deals or promises and ask for a new judgement; nothing when it is done already.

    Raises Busy when another worker is at it, so that it is tried again should that worker die.
    """
    with tenant_scope(organization_id):
        imported = (
            FileImport.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=import_id).first()
        )
        if imported is None:
            raise Busy("Another worker applies this import.")
        if imported.status == Status.APPLYING:
            _apply(imported, clock)


def _apply(imported: FileImport, clock: Clock) -> None:
    at = clock()
    mapping, around = mapping_of(imported), surroundings()
    after = ""
    while group := next_group(imported, after, CHUNK):
        settle_group(imported, group, mapping, around, at=at, save=True)
        after = group.last_key
    count_actions(imported)
    _remember(imported, at)
    close(imported, Status.DONE, at=clock())
    if imported.created or imported.updated:
        ask_for_reassessment(why="import", at=at)


def _remember(imported: FileImport, at: datetime) -> None:
    """Keep how this file was read for the next with the same columns, with answers given before."""
    before = imported.readings.get(REMEMBERED, {})
    mapping = imported.mapping | {key: before.get(key, {}) | imported.mapping[key] for key in FORMATS}
    RememberedMapping.objects.update_or_create(
        kind=imported.kind,
        signature=imported.signature,
        defaults={"mapping": mapping, "used_at": at},
    )
