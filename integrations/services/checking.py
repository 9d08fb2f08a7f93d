"""Reads and checks a file in small steps. Each step is a short transaction that also moves the cursor, so
that a worker that takes over goes on where the last one was, and nobody reads a row twice.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from integrations.files.fields import fields_of
from integrations.files.mapping import Mapping
from integrations.files.parsing import parse_mapping
from integrations.files.rows import ReadRow, RowReader
from integrations.files.settling import REMEMBERED, Readings, readers_from_json, settle
from integrations.models import FileImport
from integrations.services.staging import (
    count_actions,
    forget_outcomes,
    met_words,
    next_group,
    number_equal_keys,
    settle_group,
    stage_rows,
    surroundings,
)
from integrations.services.uploading import close, open_import
from tabular import TableError
from tabular.profile import profile
from tenants.models import Organization
from tenants.scope import tenant_scope
from ui.formatting import full_date

Status, Step = FileImport.Status, FileImport.Step
CHUNK = 500
Clock = Callable[[], datetime]


class Overtaken(Exception):
    """Somebody else moved the import on, changed its mapping or cancelled it: stop without a word."""


class Checking:
    """One run over one import by one worker; every change is made under a lock and checked against it."""

    def __init__(self, organization_id: int, imported: FileImport, clock: Clock) -> None:
        self.organization_id = organization_id
        self.imported = imported
        self.clock = clock
        self.mapping = mapping_of(imported)

    def run(self) -> None:
        """Go on from where the import is until it is checked, has a question or cannot be read."""
        steps = {Step.PROFILE: self._profile, Step.STAGE: self._stage, Step.COMPARE: self._compare}
        try:
            while self.imported.status == Status.CHECKING:
                try:
                    steps[Step(self.imported.step)]()
                except TableError as problem:
                    self._fail(problem.reason)
        except Overtaken:
            return

    def _fail(self, reason: str) -> None:
        self._change(lambda held: close(held, Status.FAILED, at=self.clock(), error=reason))

    def _profile(self) -> None:
        """Look at the whole columns: how dates and numbers are written."""
        table = open_import(self.imported)
        kinds = {name: fields_of(self.imported.kind)[name].kind for name in self.mapping.used}
        seen = profile(table, self.mapping.used, kinds)
        if seen.rows == 0:
            raise TableError("The file has column names but no rows.")
        remembered = self.imported.readings.get(REMEMBERED)
        settled = settle(self.imported.kind, self.mapping, seen, remembered)
        notes = [*self._notes(), *settled.notes]
        self._change(lambda held: _settled(held, settled, seen.rows, notes))

    def _notes(self) -> list[str]:
        """Return what a person should know about how this mapping reads the file."""
        used, kind = self.mapping.used, self.imported.kind
        notes = list(self.imported.notes)
        if "external_id" not in used:
            notes.append(
                "No column holds an id: rows are told apart by name, company, owner, product and date "
                "created, and equal rows by counting them."
            )
        if kind == FileImport.Kind.DEALS and "product" in used and "quantity" not in used:
            notes.append("No column holds a quantity: each row counts as 1.")
        if kind == FileImport.Kind.COMMITMENTS:
            notes.append("Promises without a date of delivery become drafts; they reserve no capacity.")
        left = [header for header in self.imported.headers if header not in used.values()]
        if left:
            notes.append(f"Not used: {', '.join(left[:20])}{' and others' if len(left) > 20 else ''}.")
        return list(dict.fromkeys(notes))

    def _stage(self) -> None:
        """Read the rows, a chunk at a time."""
        with tenant_scope(self.organization_id):
            zone = Organization.objects.get(pk=self.organization_id).zone
        today = self.clock().astimezone(zone).date()
        readers = readers_from_json(self.mapping, self.imported.readings)
        reader = RowReader(self.imported.kind, self.mapping, readers, today=today)
        cursor = self.imported.cursor_line
        rows = (row for row in open_import(self.imported).rows() if row.line > cursor)
        for chunk in _chunks(map(reader.read, rows), CHUNK):
            self._change(lambda held, chunk=chunk: _store(held, chunk))  # type: ignore[misc]
        self._change(_staged)

    def _compare(self) -> None:
        """Hold the rows against what is here, some keys at a time."""
        while self.imported.status == Status.CHECKING:
            self._change(self._compare_group)

    def _compare_group(self, held: FileImport) -> None:
        if not held.cursor_key:
            forget_outcomes(held)
            held.rows_seen = 0
        around = surroundings()
        group = next_group(held, held.cursor_key, CHUNK)
        if group is not None:
            settle_group(held, group, self.mapping, around, at=self.clock(), save=False)
            held.cursor_key = group.last_key
            held.rows_seen += sum(map(len, group.rows.values()))
            return
        count_actions(held)
        held.words = met_words(held, self.mapping, around)
        held.status = Status.CHECKED

    def _change(self, change: Callable[[FileImport], None]) -> None:
        """Make one change in its own transaction unless somebody else was here."""
        seen = self.imported
        with tenant_scope(self.organization_id):
            held: FileImport = FileImport.objects.select_for_update(no_key=True).get(pk=seen.pk)
            if _place(held) != _place(seen):
                raise Overtaken
            change(held)
            if not held.is_over:
                held.moved_at = self.clock()
                held.save()
        self.imported = held


def mapping_of(imported: FileImport) -> Mapping:
    """Return the import's mapping with its types."""
    return parse_mapping(imported.mapping, kind=imported.kind, headers=imported.headers)


def _place(imported: FileImport) -> tuple[object, ...]:
    return (
        imported.status,
        imported.step,
        imported.cursor_line,
        imported.cursor_key,
        imported.mapping,
    )


def _settled(held: FileImport, settled: Readings, rows: int, notes: list[str]) -> None:
    held.rows_total = rows
    held.notes = notes
    held.readings = settled.to_json() | {REMEMBERED: settled.remembered}
    held.questions = [_in_words(question) for question in settled.questions]
    if settled.questions:
        held.status = Status.ASKING
    else:
        held.step = Step.STAGE


def _in_words(question: dict[str, Any]) -> dict[str, Any]:
    """Return the question with the dates of its examples as people read them."""
    choices = [
        choice | {"examples": [[text, _said(meant)] for text, meant in choice["examples"]]}
        for choice in question["choices"]
    ]
    return question | {"choices": choices}


def _said(meant: Any) -> str:
    return full_date(meant) if isinstance(meant, date) else str(meant)


def _store(held: FileImport, chunk: list[ReadRow]) -> None:
    stage_rows(held, chunk)
    held.cursor_line = chunk[-1].line
    held.rows_seen += len(chunk)
    held.rejected += sum(1 for row in chunk if row.problems)


def _staged(held: FileImport) -> None:
    number_equal_keys(held)
    held.step, held.cursor_key = Step.COMPARE, ""


def _chunks(rows: Iterable[ReadRow], size: int) -> Iterator[list[ReadRow]]:
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, size)):
        yield chunk
