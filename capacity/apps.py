from django.apps import AppConfig


class CapacityConfig(AppConfig):
    """Names the app."""

    name = "capacity"
