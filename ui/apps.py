"""Registers the presentation app."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Template tags, formatting and server-drawn charts."""

    name = "ui"
    verbose_name = "User interface"
