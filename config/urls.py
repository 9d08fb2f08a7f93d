"""Every address of the product; pages of an organization live under /o/<slug>/.

/healthz and /readyz are answered by config.health before any of these.
"""

from importlib.util import find_spec

from django.urls import include, path

apps = ("dashboards", "commitments", "integrations", "capacity", "tenants")
inside = [path("", include(f"{app}.urls")) for app in apps if find_spec(f"{app}.urls")]

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    *([path("api/v1/", include("config.api_urls"))] if find_spec("config.api_urls") else []),
    path("o/<slug:slug>/", include(inside)),
    path("ui/", include("ui.urls")),
    path("", include("tenants.person_urls")),
]
