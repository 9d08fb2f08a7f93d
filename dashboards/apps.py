from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """Names the app."""

    name = "dashboards"
