"""Takes a file in: stored, opened, its columns guessed or remembered; then checked by a worker."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from integrations.errors import MappingProblem
from integrations.files.guessing import Sample, guess, sample_of, signature_of
from integrations.files.mapping import FORMATS, Mapping
from integrations.files.parsing import check_complete, parse_mapping
from integrations.files.settling import REMEMBERED
from integrations.models import FileImport, RememberedMapping, StagedRow
from tabular import Limits, TableError, open_table
from tabular.columns import Guess
from tabular.tables import Table
from tenants.access import Actor
from tenants.errors import Conflict, DomainError
from tenants.models import Organization
from tenants.roles import Permission
from tenants.services import outbox

Status, Step = FileImport.Status, FileImport.Step
MEGABYTE = 1024 * 1024
MOST_ROWS = 200_000
FORGOTTEN_AFTER = timedelta(days=7)
COMMAND_LINE = "Command line"


def limits() -> Limits:
    """Return how large a file may be."""
    return Limits(max_bytes=settings.UPLOAD_MEGABYTES * MEGABYTE, max_rows=MOST_ROWS)


def path_of(imported: FileImport) -> Path:
    """Return where the import's file lies."""
    return Path(settings.MEDIA_ROOT) / imported.path


def open_import(imported: FileImport) -> Table:
    """Open the import's file; raise TableError with a sentence when that is impossible."""
    if not imported.path or not path_of(imported).exists():
        raise TableError("The file is no longer stored. Upload it again; nothing was imported.")
    return open_table(path_of(imported), limits=limits())


@transaction.atomic
def start_import(
    *,
    organization: Organization,
    kind: str,
    file_name: str,
    chunks: Iterable[bytes],
    by: Actor | None,
    at: datetime,
    said: dict[str, Any] | None = None,
    source: str = "",
    for_worker: bool = True,
) -> FileImport:
    """Store a file and settle its columns; check it at once when they are sure, else wait for an answer.

    `said` is a mapping as in M.json; with one, nobody is there to be asked. `source` names the system.
    Raises DomainError when the file is no table or the mapping is wrong; nothing is kept then. With
    for_worker=False the caller does the checking itself.
    """
    _require(by, kind)
    forget_old_imports(at=at)
    relative, size, digest = _store(organization, chunks)
    try:
        table = open_table(Path(settings.MEDIA_ROOT) / relative, limits=limits())
        sample = sample_of(table)
        imported = FileImport(
            kind=kind,
            file_name=file_name[-200:] or "file",
            path=relative,
            size=size,
            sha256=digest,
            format=table.format.label[:200],
            headers=list(table.headers),
            signature=signature_of(table.headers),
            notes=list(table.notes),
            created_by=by.person if by else None,
            created_by_name=by.person.display_name if by else COMMAND_LINE,
            created_at=at,
            moved_at=at,
        )
        mapping, sure = _first_mapping(imported, said, source, sample)
        imported.mapping = mapping.to_json()
        if sure:
            check_complete(mapping, kind)
            imported.status = Status.CHECKING
        else:
            imported.status = Status.ASKING
        imported.save()
    except (TableError, DomainError) as error:
        (Path(settings.MEDIA_ROOT) / relative).unlink(missing_ok=True)
        raise error if isinstance(error, DomainError) else DomainError(error.reason, field="file") from error
    if imported.status == Status.CHECKING and for_worker:
        _ask_worker(imported, at)
    return imported


def guesses_of(imported: FileImport) -> tuple[dict[str, Guess], Sample]:
    """Return what the columns of a file look like, with samples to show; raises TableError."""
    sample = sample_of(open_import(imported))
    return guess(imported.kind, imported.headers, sample), sample


def _first_mapping(
    imported: FileImport, said: dict[str, Any] | None, source: str, sample: Sample
) -> tuple[Mapping, bool]:
    """Return what is said, remembered and guessed, in this order, and whether nobody needs to be asked."""
    kind, headers = imported.kind, imported.headers
    remembered = RememberedMapping.objects.filter(kind=kind, signature=imported.signature).first()
    base: dict[str, Any] = dict(remembered.mapping) if remembered else {}
    # Remembered formats only answer what this file leaves open: what it shows itself counts more.
    imported.readings = {REMEMBERED: {key: base.pop(key, {}) for key in FORMATS}}
    for key, value in (said or {}).items():
        # What was said about a word or a column replaces what is remembered of it, not all the rest.
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
    if source.strip():
        base["source"] = source
    mapping = parse_mapping(base, kind=kind, headers=headers)
    if remembered:
        imported.notes.append("The columns are read as the last time a file had these columns.")
        return mapping, True
    guesses = guess(kind, headers, sample)
    taken = set(mapping.used.values())
    free = {name: each for name, each in guesses.items() if each.header not in taken}
    doubtful = {name: each for name, each in free.items() if not each.sure and name not in mapping.columns}
    mapping = mapping.with_columns({name: each.header for name, each in free.items() if each.sure})
    if said is None and doubtful:
        return mapping, False
    imported.notes += [
        f"The column “{each.header}” is not used, for it is not sure: {each.why}."
        for each in doubtful.values()
    ]
    try:
        check_complete(mapping, kind)
    except MappingProblem as problem:
        if said is not None:
            problem.choices = problem.choices or [h for h in headers if h not in mapping.used.values()]
            raise
        return mapping, False
    return mapping, True


@transaction.atomic
def answer(*, import_id: int, said: dict[str, Any], by: Actor, at: datetime) -> FileImport:
    """Take new columns, formats or words for an import that is not applied yet, and check it anew.

    Columns and formats begin at the first row; words alone only compare again.
    """
    imported = _locked(import_id)
    _require(by, imported.kind)
    if imported.status not in (Status.ASKING, Status.CHECKED, Status.CHECKING):
        raise Conflict("This import is over; upload the file again to read it differently.")
    mapping = parse_mapping({**imported.mapping, **said}, kind=imported.kind, headers=imported.headers)
    check_complete(mapping, imported.kind)
    words_alone = set(said) <= {"stages", "products"} and imported.status == Status.CHECKED
    imported.mapping = mapping.to_json()
    imported.status, imported.moved_at = Status.CHECKING, at
    restart(imported, Step.COMPARE if words_alone else Step.PROFILE)
    imported.save()
    _ask_worker(imported, at)
    return imported


def restart(imported: FileImport, step: str) -> None:
    """Put the import back to the beginning of a step; the caller saves it."""
    if step != Step.COMPARE:
        StagedRow.objects.filter(file_import=imported).delete()
        imported.rows_seen = imported.cursor_line = imported.read = 0
        imported.questions = []
    imported.step, imported.cursor_key, imported.error = step, "", ""
    imported.created = imported.updated = imported.unchanged = imported.rejected = 0


@transaction.atomic
def confirm(*, import_id: int, by: Actor | None, at: datetime, for_worker: bool = True) -> FileImport:
    """Let a checked import be applied."""
    imported = _locked(import_id)
    _require(by, imported.kind)
    if imported.status in (Status.APPLYING, Status.DONE):
        return imported
    if imported.status != Status.CHECKED:
        raise Conflict("This import is not checked yet.")
    imported.status, imported.moved_at = Status.APPLYING, at
    imported.save()
    if for_worker:
        _ask_worker(imported, at)
    return imported


@transaction.atomic
def cancel(*, import_id: int, by: Actor | None, at: datetime) -> FileImport:
    """Give an import up; nothing of it was imported. One that is being applied can no longer stop."""
    imported = _locked(import_id)
    _require(by, imported.kind)
    if imported.status == Status.APPLYING or imported.is_over:
        raise Conflict("This import can no longer be stopped.")
    close(imported, Status.CANCELLED, at=at)
    return imported


def close(imported: FileImport, status: str, *, at: datetime, error: str = "") -> None:
    """End an import: only what it refused stays of its rows, and its file is deleted."""
    rows = StagedRow.objects.filter(file_import=imported)
    if status == Status.DONE:
        rows = rows.exclude(action=StagedRow.Action.REJECTED)
    rows.delete()
    path = path_of(imported) if imported.path else None
    imported.status, imported.error, imported.path = status, error[:500], ""
    imported.finished_at = imported.moved_at = at
    imported.save()
    if path is not None:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def forget_old_imports(*, at: datetime) -> None:
    """Cancel what nobody came back to, so that strangers' data does not lie about."""
    waiting = FileImport.objects.filter(
        status__in=[Status.ASKING, Status.CHECKED], moved_at__lt=at - FORGOTTEN_AFTER
    )
    for imported in waiting.select_for_update(skip_locked=True, no_key=True):
        close(imported, Status.CANCELLED, at=at)


def dedupe_key(import_id: int) -> str:
    """Return the key of the import's work in the outbox."""
    return f"import:{import_id}"


def _ask_worker(imported: FileImport, at: datetime) -> None:
    outbox.enqueue(kind="import", payload={"import": imported.pk}, dedupe_key=dedupe_key(imported.pk), at=at)


def _locked(import_id: int) -> FileImport:
    imported: FileImport = FileImport.objects.select_for_update(no_key=True).get(pk=import_id)
    return imported


def _require(by: Actor | None, kind: str) -> None:
    """Promises of the past change what is reported, so they take the right to decide as well."""
    if by is None:
        return
    by.require(Permission.IMPORT)
    if kind == FileImport.Kind.COMMITMENTS:
        by.require(Permission.DECIDE)


def _store(organization: Organization, chunks: Iterable[bytes]) -> tuple[str, int, str]:
    """Write the file under a random name; return its path below MEDIA_ROOT, its size and its digest."""
    relative = f"imports/{organization.pk}/{uuid4().hex}"
    path = Path(settings.MEDIA_ROOT) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size, most = sha256(), 0, settings.UPLOAD_MEGABYTES * MEGABYTE
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                break
            digest.update(chunk)
            file.write(chunk)
    if size > most:
        path.unlink()
        raise DomainError(
            f"The file has more than {settings.UPLOAD_MEGABYTES} MB. Split it into several files.",
            field="file",
        )
    return relative, size, digest.hexdigest()
