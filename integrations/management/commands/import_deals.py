"""Imports a CSV or XLSX file of deals (or promises) in the foreground; prints one JSON object.

Without --mapping the columns are guessed by name, as remembered from the last file with the same columns.
docs/importing.md describes M.json and every key of the answer.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from integrations.errors import MappingProblem
from integrations.models import FileImport
from integrations.selectors.imports import all_rejected_rows, rejection, summary
from integrations.services.advancing import advance
from integrations.services.uploading import cancel, confirm, start_import
from tenants.errors import DomainError
from tenants.models import Organization
from tenants.scope import tenant_scope
from tenants.tenant_lookup import organization_id_of_slug

CHUNK = 1024 * 1024
Status = FileImport.Status


class Command(BaseCommand):
    """Read, check and apply one file; exit 0 even when rows are refused, 1 when something must be said."""

    help = "Imports a CSV or XLSX file of deals; prints read, created, updated, unchanged and rejected rows."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--file", required=True, metavar="F")
        parser.add_argument(
            "--mapping", metavar="M.json", help="columns, formats and words: docs/importing.md"
        )
        parser.add_argument("--dry-run", action="store_true", help="check only; nothing is imported")
        parser.add_argument("--kind", choices=FileImport.Kind.values, default=FileImport.Kind.DEALS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; what stops the import is printed as {"error": …} with exit code 1."""
        organization_id = organization_id_of_slug(options["organization"])
        if organization_id is None:
            self._refuse(f"There is no organization “{options['organization']}”.", option="--organization")
        said = self._mapping(options["mapping"])
        path = Path(options["file"])
        if not path.is_file():
            self._refuse(f"There is no file {path}.", option="--file")
        try:
            imported = self._start(organization_id, path, options["kind"], said)
            imported = self._finish(organization_id, imported.pk, dry_run=options["dry_run"])
        except MappingProblem as problem:
            self._refuse(problem.message, column=problem.column, choices=problem.choices, mapping=problem.say)
        except DomainError as error:
            self._refuse(error.message, option=f"--{error.field}" if error.field == "file" else None)
        self._answer(organization_id, imported, options["dry_run"])

    def _start(self, organization_id: int, path: Path, kind: str, said: dict[str, Any] | None) -> FileImport:
        with tenant_scope(organization_id):
            return start_import(
                organization=Organization.objects.get(pk=organization_id),
                kind=kind,
                file_name=path.name,
                chunks=_chunks(path),
                by=None,
                at=timezone.now(),
                said=said or {},
                for_worker=False,
            )

    def _finish(self, organization_id: int, import_id: int, *, dry_run: bool) -> FileImport:
        advance(organization_id=organization_id, import_id=import_id, clock=timezone.now)
        with tenant_scope(organization_id):
            imported: FileImport = FileImport.objects.get(pk=import_id)
            if imported.status == Status.ASKING:
                cancel(import_id=import_id, by=None, at=timezone.now())
            if imported.status == Status.CHECKED and not dry_run:
                confirm(import_id=import_id, by=None, at=timezone.now(), for_worker=False)
        if imported.status == Status.ASKING:
            self._ask(imported)
        if imported.status == Status.FAILED:
            self._refuse(imported.error, option="--file")
        advance(organization_id=organization_id, import_id=import_id, clock=timezone.now)
        with tenant_scope(organization_id):
            found: FileImport = FileImport.objects.get(pk=import_id)
            return found

    def _ask(self, imported: FileImport) -> NoReturn:
        questions = imported.questions
        say: dict[str, Any] = {}
        for question in questions:
            for key, words in question["say"].items():
                say.setdefault(key, {}).update(words)
        self._refuse(
            " ".join(question["sentence"] for question in questions),
            column=questions[0]["column"],
            choices=[choice["value"] for choice in questions[0]["choices"]],
            questions=questions,
            mapping=say,
        )

    def _mapping(self, name: str | None) -> dict[str, Any] | None:
        if name is None:
            return None
        try:
            said = json.loads(Path(name).read_text(encoding="utf-8-sig"))
        except OSError as error:
            self._refuse(f"{name} cannot be read: {error.strerror}.", option="--mapping")
        except ValueError as error:
            self._refuse(f"{name} is not JSON: {error}.", option="--mapping")
        if not isinstance(said, dict):
            self._refuse(f"{name} must hold a JSON object.", option="--mapping")
        return said

    def _answer(self, organization_id: int, imported: FileImport, dry_run: bool) -> None:
        with tenant_scope(organization_id):
            rows = [rejection(row) for row in all_rejected_rows(imported)]
        answer = summary(imported) | {"dry_run": dry_run, "rejected_rows": rows}
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))

    def _refuse(self, sentence: str, **details: Any) -> NoReturn:
        answer = {"error": sentence} | {key: value for key, value in details.items() if value}
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        sys.exit(1)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
