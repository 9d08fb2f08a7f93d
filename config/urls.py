"""Every address of the product; pages of an organization live under /o/<slug>/."""

from django.urls import include, path

from config import health

inside = [
    path("", include("dashboards.urls")),
    path("", include("commitments.urls")),
    path("", include("integrations.urls")),
    path("", include("capacity.urls")),
    path("", include("tenants.urls")),
]

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("config.api_urls")),
    path("o/<slug:slug>/", include(inside)),
    path("", include("tenants.person_urls")),
]
