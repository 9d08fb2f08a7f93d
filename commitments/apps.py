from django.apps import AppConfig


class CommitmentsConfig(AppConfig):
    """Names the app."""

    name = "commitments"
