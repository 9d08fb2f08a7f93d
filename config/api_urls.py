"""Every address under /api/v1/; each app names its own."""

from django.urls import include, path, re_path

from config.api_docs import NothingHere, api_docs, api_schema
from tenants.api_me import Me

urlpatterns = [
    path("schema/", api_schema, name="api-schema"),
    path("docs/", api_docs, name="api-docs"),
    path("me/", Me.as_view()),
    path("", include("capacity.api_urls")),
    path("", include("commitments.api_urls")),
    path("", include("integrations.api_urls")),
    path("", include("dashboards.api_urls")),
    re_path("", NothingHere.as_view()),
]
