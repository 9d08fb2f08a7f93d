"""Addresses of the pages before and after, with the filters kept."""

from typing import Any

from django.http import HttpRequest

from capacity.selectors.keyset import Page


def page_urls(request: HttpRequest, page: Page[Any], name: str = "after") -> dict[str, str]:
    """Return previous_url and next_url, "" where there is none."""
    return {
        "previous_url": _url(request, name, page.previous),
        "next_url": _url(request, name, page.next),
    }


def _url(request: HttpRequest, name: str, cursor: str) -> str:
    if not cursor:
        return ""
    query = request.GET.copy()
    query[name] = cursor
    return f"?{query.urlencode()}"
