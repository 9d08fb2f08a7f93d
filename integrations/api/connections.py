"""Connections to CRMs for programs: made, mapped, started, watched. Secrets can be written, never read."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from integrations.models import Connection, SyncRun
from integrations.registry import PROVIDERS
from integrations.selectors.connections import health_of, mapping_rows
from integrations.services.syncing import connecting, leaving, mapping, pausing
from tenants.access import AfterCommit
from tenants.api_changes import created, matched, single
from tenants.api_fields import TextField, WholeNumberField, YesNoField
from tenants.api_paging import PageQuery, page, paged
from tenants.api_reading import NoFields, StrictSerializer, body_of, query_of
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.errors import Conflict
from tenants.roles import Permission

TAG = "Connections"
#: What workers write: a change by a program is not stale because a connection was synced meanwhile.
DERIVED = frozenset({"health", "problem", "last_synced_at", "status"})
FOUND = frozenset({"found_stages", "found_products"})
EXAMPLE = {
    "id": 1,
    "provider": "hubspot",
    "name": "HubSpot",
    "status": "active",
    "health": "Healthy",
    "account": {"id": "146211", "name": "Brightwater EU"},
    "problem": "",
    "last_synced_at": "2027-02-09T11:02:00Z",
    "every_minutes": 5,
    "writes_back": True,
}


class ConnectionAccountSerializer(StrictSerializer):
    """Whose CRM it is."""

    id = serializers.CharField()
    name = serializers.CharField()


class ConnectionSerializer(StrictSerializer):
    """One CRM and how it is doing. `entries` hold what its provider needs to get in; they are never shown."""

    id = serializers.IntegerField(read_only=True)
    provider = TextField(max_length=20, help_text="The CRM, as in hubspot; cannot be changed")
    name = serializers.CharField(read_only=True, help_text="What its deals say they come from")
    entries = serializers.DictField(
        child=TextField(max_length=4000, allow_blank=True),
        write_only=True,
        default=dict,
        help_text="Address, key and what else the provider asks for, by name",
    )
    status = serializers.ChoiceField(choices=Connection.Status.choices, read_only=True)
    health = serializers.CharField(read_only=True, help_text="How it is doing, in words")
    account = ConnectionAccountSerializer(read_only=True, allow_null=True)
    problem = serializers.CharField(read_only=True, help_text="In plain words, with what to do")
    last_synced_at = serializers.DateTimeField(read_only=True, allow_null=True)
    every_minutes = WholeNumberField(least=1, most=1440, default=5, help_text="How often changes are read")
    writes_back = YesNoField(default=True, help_text="Whether verdicts are written onto its deals")


class ConnectionPipelineSerializer(StrictSerializer):
    """A pipeline of the CRM."""

    id = serializers.CharField()
    name = serializers.CharField()


class ConnectionStageSerializer(StrictSerializer):
    """A stage of the CRM and what it counts as."""

    id = serializers.CharField()
    name = serializers.CharField()
    counts_as = serializers.CharField(help_text="open, won, lost or ignore; empty while nobody said so")
    deals = serializers.IntegerField()


class ConnectionProductSerializer(StrictSerializer):
    """A product that deals ask for, and the offering it is."""

    name = serializers.CharField()
    offering = serializers.IntegerField(allow_null=True)
    open_lines = serializers.IntegerField()


class ConnectionMappingSerializer(StrictSerializer):
    """What the CRM's words mean: read it to see what there is, send what is to change."""

    found_pipelines = ConnectionPipelineSerializer(many=True, read_only=True)
    found_stages = ConnectionStageSerializer(many=True, read_only=True)
    found_products = ConnectionProductSerializer(many=True, read_only=True)
    found_fields = serializers.ListField(child=serializers.DictField(), read_only=True)
    pipelines = serializers.ListField(
        child=TextField(max_length=200), default=list, help_text="Ids of those that count; none: all"
    )
    stages = serializers.DictField(
        child=serializers.ChoiceField(choices=Connection.StageMeaning.values),
        default=dict,
        help_text="Stage id: open, won, lost or ignore",
    )
    products = serializers.DictField(
        child=WholeNumberField(least=1, allow_null=True),
        default=dict,
        help_text="Product: id of the offering, or null where it is none",
    )
    fields_of_deals = serializers.DictField(
        child=TextField(max_length=200, allow_blank=True),
        default=dict,
        help_text="promised_on, earliest_start, product, quantity: key of the CRM's field",
    )


class ConnectionRunSerializer(StrictSerializer):
    """One time of reading, from its first page to its last."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=SyncRun.Kind.choices)
    status = serializers.ChoiceField(choices=SyncRun.Status.choices)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    read = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    gone = serializers.IntegerField()
    skipped = serializers.IntegerField()
    retries = serializers.IntegerField()
    error = serializers.CharField()


class ConnectionList(ApiView):
    """All connections, and new ones."""

    permissions = {"GET": Permission.MANAGE, "POST": Permission.MANAGE}
    tag = TAG

    @documented("List connections", answer=paged(ConnectionSerializer), query=PageQuery)
    def get(self, request: ApiRequest) -> Response:
        """Answer a page of the connections."""

        def represent(rows: Sequence[Connection]) -> list[dict[str, Any]]:
            return [connection_json(row) for row in rows]

        return page(request, Connection.objects.all(), query_of(request, PageQuery), represent)

    @documented(
        "Connect a CRM",
        answer=ConnectionSerializer,
        body=ConnectionSerializer,
        status=201,
        example=EXAMPLE,
        asks={"provider": "hubspot", "entries": {"token": "pat-eu1-…"}},
    )
    def post(self, request: ApiRequest) -> Response:
        """Keep what lets us in; the CRM is asked nothing before its first sync."""
        said = body_of(request, ConnectionSerializer)
        made = connecting.create_connection(
            provider=said["provider"], entries=said["entries"], by=request.actor, at=timezone.now()
        )
        saved = _save(made, request, {name: said[name] for name in ("every_minutes", "writes_back")})
        return created(request, connection_json(saved), derived=DERIVED)


class ConnectionDetail(ApiView):
    """One connection."""

    permissions = {"GET": Permission.MANAGE, "PATCH": Permission.MANAGE, "DELETE": Permission.MANAGE}
    if_match = frozenset({"PATCH", "DELETE"})
    tag = TAG

    @documented("Read a connection", answer=ConnectionSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer the connection, without its secrets."""
        return single(request, connection_json(Connection.objects.get(pk=pk)), derived=DERIVED)

    @documented(
        "Change a connection", answer=ConnectionSerializer, body=ConnectionSerializer, example=EXAMPLE
    )
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Enter its key anew, or change how often it is read and whether it is written to."""
        said = body_of(request, ConnectionSerializer, only_sent=True)
        row = matched(request, Connection.objects.all(), pk, connection_json, derived=DERIVED)
        if said.pop("provider", row.provider) != row.provider:
            raise Conflict("A connection stays with its CRM. Make a new one.", field="provider")
        if entries := said.pop("entries", None):
            row = connecting.change_entries(
                connection=row, entries=entries, by=request.actor, at=timezone.now()
            )
        return single(request, connection_json(_save(row, request, said)), derived=DERIVED)

    @documented("Disconnect a CRM", answer=None, status=204)
    def delete(self, request: ApiRequest, pk: int) -> AfterCommit:
        """Remove the connection with its secrets and history; its deals stay."""
        row = matched(request, Connection.objects.all(), pk, connection_json, derived=DERIVED)
        return self.after_commit(lambda: _disconnect(row, request))


class ConnectionSync(ApiView):
    """Reading now."""

    permissions = {"POST": Permission.MANAGE}
    tag = TAG

    @documented("Sync now", answer=ConnectionSerializer, body=NoFields, example=EXAMPLE)
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Have changes read at once; a connection that does not run is tested and started.

        Workers do it: `status` becomes active, or `problem` says what is wrong.
        """
        body_of(request, NoFields)
        row = Connection.objects.get(pk=pk)
        act = pausing.sync_now if row.is_running else connecting.ask_to_start
        act(connection=row, by=request.actor, at=timezone.now())
        return single(request, connection_json(Connection.objects.get(pk=pk)), derived=DERIVED)


class ConnectionRuns(ApiView):
    """The history of a connection."""

    permissions = {"GET": Permission.MANAGE}
    tag = TAG

    @documented("List runs", answer=paged(ConnectionRunSerializer), query=PageQuery)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer a page of what was read and what came of it."""
        rows = SyncRun.objects.filter(connection=Connection.objects.get(pk=pk))

        def represent(runs: Sequence[SyncRun]) -> list[dict[str, Any]]:
            return [run_json(run) for run in runs]

        return page(request, rows, query_of(request, PageQuery), represent)


class ConnectionMapping(ApiView):
    """What a CRM's words mean here."""

    permissions = {"GET": Permission.MANAGE, "PATCH": Permission.MANAGE}
    if_match = frozenset({"PATCH"})
    tag = TAG

    @documented("Read the mapping", answer=ConnectionMappingSerializer, single=True)
    def get(self, request: ApiRequest, pk: int) -> Response:
        """Answer what the CRM has and what it means."""
        return single(request, mapping_json(Connection.objects.get(pk=pk)), derived=FOUND)

    @documented("Change the mapping", answer=ConnectionMappingSerializer, body=ConnectionMappingSerializer)
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Say what words mean; deals that are here are read again with it."""
        said = body_of(request, ConnectionMappingSerializer, only_sent=True)
        if "fields_of_deals" in said:
            said["fields"] = said.pop("fields_of_deals")
        row = matched(request, Connection.objects.all(), pk, mapping_json, derived=FOUND)
        row = mapping.save_mapping(connection=row, by=request.actor, at=timezone.now(), **said)
        return single(request, mapping_json(row), derived=FOUND)


def _save(row: Connection, request: ApiRequest, said: dict[str, Any]) -> Connection:
    return mapping.save_mapping(connection=row, by=request.actor, at=timezone.now(), **said)


def _disconnect(row: Connection, request: ApiRequest) -> Response:
    leaving.disconnect(connection=row, by=request.actor, clock=timezone.now)
    return Response(status=204)


def connection_json(row: Connection) -> dict[str, Any]:
    """Return a connection as programs see it: nothing that was entered to get in."""
    known = any(each.key == row.provider for each in PROVIDERS)
    return {
        "id": row.pk,
        "provider": row.provider,
        "name": row.name,
        "status": row.status,
        "health": health_of(row, at=timezone.now()).words if known else "No longer supported",
        "account": {"id": row.account_id, "name": row.account_name} if row.account_id else None,
        "problem": row.problem,
        "last_synced_at": row.synced_at,
        "every_minutes": row.every_minutes,
        "writes_back": row.writes_back,
    }


def run_json(run: SyncRun) -> dict[str, Any]:
    """Return a run as programs see it."""
    names = ("kind status started_at finished_at read created updated gone skipped retries error").split()
    return {"id": run.pk, **{name: getattr(run, name) for name in names}}


def mapping_json(row: Connection) -> dict[str, Any]:
    """Return what the CRM has and what it means."""
    found = mapping_rows(row)
    return {
        "found_pipelines": row.discovery.get("pipelines", []),
        "found_stages": [
            {"id": each.id, "name": each.name, "counts_as": each.meaning, "deals": each.deals}
            for each in found.stages
        ],
        "found_products": [
            {"name": each.name, "offering": each.offering_id, "open_lines": each.lines}
            for each in found.products
        ],
        "found_fields": row.discovery.get("fields", []),
        "pipelines": row.pipelines,
        "stages": row.stages,
        "products": row.products,
        "fields_of_deals": row.fields,
    }
