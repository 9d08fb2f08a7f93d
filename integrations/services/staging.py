"""The rows of one import in the database: locked progress, keys, groups of rows, what was counted."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Count

from commitments.models import Offering
from commitments.services.importing import upsert_deals
from commitments.services.importing_promises import upsert_commitments
from integrations.files.assembly import (
    Assembled,
    Surroundings,
    assemble_deal,
    assemble_promise,
    status_of,
)
from integrations.files.grouping import KeyedRow
from integrations.files.mapping import Mapping
from integrations.files.rows import CONTENT, ReadRow, plain_key
from integrations.models import FileImport, StagedRow
from tenants.models import Organization
from tenants.scope import current_organization_id

Action = StagedRow.Action
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Group:
    """The accepted rows of some keys, in the order of keys and lines."""

    last_key: str
    rows: dict[str, list[KeyedRow]]


def stage_rows(imported: FileImport, rows: Sequence[ReadRow]) -> None:
    """Write the rows of one chunk; as one JSON value, which is several times faster than row by row."""
    packed = json.dumps(
        [
            {
                "line": row.line,
                "key": "" if row.problems else row.key,
                "action": Action.REJECTED if row.problems else Action.READ,
                "problems": row.problems,
                "data": {} if row.problems else row.values,
            }
            for row in rows
        ],
        cls=DjangoJSONEncoder,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_stagedrow"
            " (organization_id, file_import_id, line, key, action, problems, data)"
            " SELECT %(org)s, %(id)s, r.line, r.key, r.action, r.problems, r.data"
            " FROM jsonb_to_recordset(%(rows)s::jsonb)"
            " AS r(line int, key text, action text, problems jsonb, data jsonb)",
            {"org": current_organization_id(), "id": imported.pk, "rows": packed},
        )


def next_group(imported: FileImport, after: str, keys: int) -> Group | None:
    """Return the rows of the next keys after this one; None when there are no more."""
    rows = _accepted(imported)
    if after:
        rows = rows.filter(key__gt=after)
    found = list(rows.order_by("key").values_list("key", flat=True).distinct()[:keys])
    if not found:
        return None
    grouped: dict[str, list[KeyedRow]] = {}
    wanted = _accepted(imported).filter(key__gte=found[0], key__lte=found[-1])
    for pk, key, line, data in wanted.order_by("key", "line").values_list("pk", "key", "line", "data"):
        grouped.setdefault(key, []).append(KeyedRow(pk, line, data))
    return Group(found[-1], grouped)


def settle_group(
    imported: FileImport, group: Group, mapping: Mapping, around: Surroundings, *, at: Any, save: bool
) -> None:
    """Compare the deals or promises of these rows with what is here, or write them, and note the outcome."""
    assemble = assemble_deal if imported.kind == FileImport.Kind.DEALS else assemble_promise
    assembled = {key: assemble(key, rows, mapping, around) for key, rows in group.rows.items()}
    outcomes, refused = _upsert(imported, list(assembled.values()), mapping.source, at, save)
    problems = {pk: [problem] for each in assembled.values() for pk, problem in each.problems.items()}
    actions: dict[str, list[int]] = {}
    for key, rows in group.rows.items():
        for row in rows:
            if row.pk in problems:
                continue
            if key in refused:
                problems[row.pk] = [{"column": "", "reason": refused[key]}]
            else:
                actions.setdefault(outcomes[key], []).append(row.pk)
    for action, ids in actions.items():
        StagedRow.objects.filter(pk__in=ids).exclude(action=action).update(action=action)
    rejected = StagedRow.objects.filter(pk__in=problems)
    for staged in rejected:
        staged.action, staged.problems = Action.REJECTED, problems[staged.pk]
    StagedRow.objects.bulk_update(rejected, ["action", "problems"], batch_size=500)


def _upsert(
    imported: FileImport, assembled: list[Assembled], source: str, at: Any, save: bool
) -> tuple[dict[str, str], dict[str, str]]:
    if imported.kind == FileImport.Kind.DEALS:
        deals = [each.deal for each in assembled if each.deal]
        return dict(upsert_deals(deals=deals, source=source, at=at, save=save)), {}
    promises = [each.promise for each in assembled if each.promise]
    done = upsert_commitments(commitments=promises, source=source, by=imported.created_by, at=at, save=save)
    return dict(done.outcomes), done.refused


def surroundings() -> Surroundings:
    """Return what the rows of the active organization are read against."""
    organization = Organization.objects.get(pk=current_organization_id())
    names = dict(Offering.objects.filter(archived_at=None).order_by("-pk").values_list("pk", "name"))
    offerings = {plain_key(name): pk for pk, name in names.items()}
    return Surroundings(organization.currency, offerings)


def number_equal_keys(imported: FileImport) -> None:
    """Count rows that have no id and the same content, so that each stays one deal at the next import."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrations_stagedrow AS r SET key = n.key || '#' || n.place FROM ("
            " SELECT id, key, row_number() OVER (PARTITION BY key ORDER BY line) AS place"
            " FROM integrations_stagedrow WHERE organization_id = %(org)s AND file_import_id = %(id)s"
            " AND action <> 'rejected' AND starts_with(key, %(content)s) AND position('#' IN key) = 0"
            ") AS n WHERE r.organization_id = %(org)s AND r.id = n.id",
            {"org": current_organization_id(), "id": imported.pk, "content": CONTENT},
        )


def forget_outcomes(imported: FileImport) -> None:
    """Take back what a comparison found, so that it can be made anew; unreadable rows stay refused."""
    rows = StagedRow.objects.filter(file_import=imported).exclude(data={})
    rows.exclude(action=Action.READ).update(action=Action.READ, problems=[])


def count_actions(imported: FileImport) -> None:
    """Set the import's figures from its rows; the caller saves it."""
    counted = StagedRow.objects.filter(file_import=imported).values_list("action").annotate(Count("pk"))
    by_action = dict(counted.order_by())
    imported.read = sum(by_action.values())
    for action in (Action.CREATED, Action.UPDATED, Action.UNCHANGED, Action.REJECTED):
        setattr(imported, action, by_action.get(action, 0))


def met_words(imported: FileImport, mapping: Mapping, around: Surroundings) -> dict[str, Any]:
    """Return the stages and products of the accepted rows with their rows and what they are taken for."""
    words: dict[str, Any] = {}
    if "stage" in mapping.used:
        words["stages"] = [
            {"word": word, "rows": rows, "amount": str(amount), "means": status_of(word, mapping)}
            for word, rows, amount in _grouped(imported, "stage")
        ]
    if "product" in mapping.used:
        words["products"] = [
            {"word": word, "rows": rows, "means": around.offering_of(word, mapping)}
            for word, rows, _ in _grouped(imported, "product")
            if word
        ]
    return words


def _grouped(imported: FileImport, name: str) -> Iterator[tuple[str, int, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(data->>%(name)s, ''), count(*), coalesce(sum((data->>'amount')::numeric), 0)"
            " FROM integrations_stagedrow WHERE organization_id = %(org)s AND file_import_id = %(id)s"
            " AND action <> 'rejected' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s",
            {
                "name": name,
                "org": current_organization_id(),
                "id": imported.pk,
                "most": MOST_WORDS,
            },
        )
        yield from cursor.fetchall()


def _accepted(imported: FileImport) -> Any:
    return StagedRow.objects.filter(file_import=imported).exclude(action=Action.REJECTED)
