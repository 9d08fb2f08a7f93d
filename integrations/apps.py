from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Names the app."""

    name = "integrations"
