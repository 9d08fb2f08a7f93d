"""Addresses of pages that may not be there."""

from django.urls import NoReverseMatch, reverse


def page_url(name: str, *arguments: object) -> str:
    """Return a page's address, "" when the product has no such page."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
