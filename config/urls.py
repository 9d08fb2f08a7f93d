"""Every address of the product; pages of an organization live under /o/<slug>/.

/healthz and /readyz are answered by config.health before any of these.
"""

from django.urls import include, path

from integrations.views.connecting import crm_callback
from integrations.webhooks import crm_app_hook, crm_hook

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
    path("crm/callback/", crm_callback, name="crm-callback"),
    path("hooks/crm/app/<slug:provider>/", crm_app_hook, name="crm-app-hook"),
    path("hooks/crm/<str:key>/", crm_hook, name="crm-hook"),
    path("ui/", include("ui.urls")),
    path("", include("tenants.person_urls")),
]
