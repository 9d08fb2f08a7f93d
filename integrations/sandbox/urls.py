"""The sandbox's addresses: HubSpot's API, the webhooks' subscription, and two pages."""

from django.urls import path

from integrations.sandbox import ACCOUNT, pages, wire
from integrations.sandbox.provider import HOOKS

RELEASE = "2026-09"
objects = f"crm/objects/{RELEASE}"
urlpatterns = [
    path("", pages.deal_list, name="deal-list"),
    path(f"contacts/{ACCOUNT}/record/0-3/<deal>", pages.deal_detail, name="deal-detail"),
    path(f"account-info/{RELEASE}/details", wire.api(GET=wire.account)),
    path(f"crm/pipelines/{RELEASE}/deals", wire.api(GET=wire.pipelines)),
    path(f"crm/owners/{RELEASE}", wire.api(GET=wire.owners)),
    path(f"crm/properties/{RELEASE}/deals", wire.api(GET=wire.properties, POST=wire.make_property)),
    path(f"crm/properties/{RELEASE}/deals/groups", wire.api(POST=wire.make_group)),
    path(f"crm/associations/{RELEASE}/<source>/<target>/batch/read", wire.api(POST=wire.links)),
    path(f"{objects}/notes", wire.api(POST=wire.make_note)),
    path(f"{objects}/<kind>", wire.api(GET=wire.list_records)),
    path(f"{objects}/<kind>/search", wire.api(POST=wire.search)),
    path(f"{objects}/<kind>/batch/read", wire.api(POST=wire.read)),
    path(f"{objects}/deals/<id>", wire.api(PATCH=wire.change_deal)),
    path(f"{objects}/notes/<id>", wire.api(PATCH=wire.change_note)),
    path(f"{HOOKS.strip('/')}/<id>", wire.api(PUT=wire.take_hook, DELETE=wire.drop_hook)),
]
