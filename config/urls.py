"""Every address of the product; pages of an organization live under /o/<slug>/.

/healthz and /readyz are answered by config.health before any of these.
"""

from django.urls import include, path

inside = [
    path("", include("dashboards.urls")),
    path("", include("commitments.urls")),
    path("", include("integrations.urls")),
    path("", include("capacity.urls")),
    path("", include("tenants.urls")),
]

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("config.api_urls")),
    path("o/<slug:slug>/", include(inside)),
    path("ui/", include("ui.urls")),
    path("", include("tenants.person_urls")),
]
