"""A CSV or Excel file at an address, read on the connection's schedule."""

from integrations.providers.files.provider import FileFeed

__all__ = ["FileFeed"]
