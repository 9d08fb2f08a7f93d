"""Who a token is, for programs."""

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from tenants.api_changes import single
from tenants.api_schema import documented
from tenants.api_views import ApiRequest, ApiView
from tenants.roles import Permission, Role

EXAMPLE = {
    "person": {"id": 4, "name": "Alice", "email": "alice@acme.example"},
    "organization": {
        "slug": "acme",
        "name": "Acme",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "horizon_days": 365,
    },
    "role": "sales_rep",
    "permissions": ["check", "propose", "view"],
}


class MyPersonSerializer(serializers.Serializer[Any]):
    """The person a token belongs to."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()


class MyOrganizationSerializer(serializers.Serializer[Any]):
    """The organization a token opens."""

    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()
    horizon_days = serializers.IntegerField(help_text="How far ahead promises are judged")


class MeSerializer(serializers.Serializer[Any]):
    """Who acts through this token, where, and what they may do."""

    person = MyPersonSerializer()
    organization = MyOrganizationSerializer()
    role = serializers.ChoiceField(Role.choices)
    permissions = serializers.ListField(child=serializers.ChoiceField(Permission.choices))


class Me(ApiView):
    """Who acts through this token."""

    permissions = {"GET": Permission.VIEW}
    tag = "Access"

    @documented("Read who this token is", answer=MeSerializer, single=True, example=EXAMPLE)
    def get(self, request: ApiRequest) -> Response:
        """Answer person, organization, role and permissions."""
        actor = request.actor
        return single(
            request,
            {
                "person": {
                    "id": actor.person.pk,
                    "name": actor.person.display_name,
                    "email": actor.person.email,
                },
                "organization": {
                    name: getattr(actor.organization, name)
                    for name in ("slug", "name", "time_zone", "currency", "horizon_days")
                },
                "role": actor.role,
                "permissions": sorted(actor.permissions),
            },
        )
