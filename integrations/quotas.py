"""How much of a vendor's quota is left, as its answers say in their headers. No Django here."""

import re
from collections.abc import Mapping

#: Header: of what its number is.
LEFT: Mapping[str, str] = {
    "x-hubspot-ratelimit-daily-remaining": "requests today",
    "x-daily-requests-left": "tokens today",
    "x-ms-ratelimit-burst-remaining-xrm-requests": "requests in five minutes",
}
USED = re.compile(r"api-usage=(\d+)/(\d+)")


def quota_left(headers: Mapping[str, str]) -> str:
    """Return the quota in words, as in "249,113 requests today"; "" where the answer says nothing of it."""
    for name, of_what in LEFT.items():
        if headers.get(name, "").isdecimal():
            return f"{int(headers[name]):,} {of_what}"
    used = USED.search(headers.get("sforce-limit-info", ""))
    if used is None:
        return ""
    return f"{max(int(used[2]) - int(used[1]), 0):,} of {int(used[2]):,} requests today"
