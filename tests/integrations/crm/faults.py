"""Keeps which of the next requests to a fake go wrong."""

import httpx

from tests.integrations.crm.fake import Fault


class Faults:
    """A list of things to go wrong; each goes wrong so many times, on requests that contain a text."""

    def __init__(self) -> None:
        self._coming: list[tuple[Fault, str]] = []

    def add(self, fault: Fault, *, times: int, on: str) -> None:
        """Let the next requests whose "METHOD path" contains `on` go wrong."""
        self._coming += [(fault, on)] * times

    def take(self, request: httpx.Request) -> Fault | None:
        """Return what goes wrong with this request, once."""
        said = f"{request.method} {request.url.path}"
        for index, (fault, on) in enumerate(self._coming):
            if on in said:
                del self._coming[index]
                return fault
        return None


def breaks(fault: Fault | None, request: httpx.Request) -> None:
    """Raise what httpx raises when the connection breaks before or after the request's effect."""
    if fault is Fault.NO_ANSWER:
        raise httpx.ConnectError("refused", request=request)
    if fault is Fault.ANSWER_LOST:
        raise httpx.ReadError("reset", request=request)
