"""What every page's frame shows: the way around, the organization, the person, what waits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from commitments.selectors.counts import WaitingCounts, set_up_progress, waiting_counts
from tenants.access import Actor
from tenants.middleware import LAST_ORGANIZATION, organizations_of_request
from tenants.models import User
from tenants.roles import Permission, Role, permissions_of
from tenants.tenant_lookup import OrganizationOfPerson
from ui.theme import theme_of


@dataclass(frozen=True)
class Page:
    """An entry of the navigation: shown to who has the permission, once its address exists."""

    label: str
    name: str
    icon: str
    permission: Permission
    key: str = ""
    count: Callable[[WaitingCounts, frozenset[Permission]], int] | None = None
    short: str = ""


CHECK = Page("Check a promise", "commitments:check", "scale", Permission.CHECK, "c", short="Check")
APPROVALS = Page(
    "Approvals",
    "commitments:approval-list",
    "inbox",
    Permission.DECIDE,
    "a",
    lambda counts, may: counts.proposals,
)
DEALS = Page("Deals", "commitments:deal-list", "handshake", Permission.VIEW, "d")
COMMITMENTS = Page(
    "Commitments",
    "commitments:commitment-list",
    "list-checks",
    Permission.VIEW,
    "p",
    lambda counts, may: 0 if Permission.DECIDE in may else counts.my_proposals,
)
BOARD = Page("Board", "dashboards:board", "layout-grid", Permission.VIEW, "b")
FLAGS = Page(
    "Flags", "commitments:flag-list", "flag", Permission.VIEW, "f", lambda counts, may: counts.open_flags
)
GROUPS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    ("", (CHECK, APPROVALS, DEALS, COMMITMENTS, BOARD, FLAGS)),
    (
        "Set up",
        (
            Page("Capacity", "capacity:pool-list", "users", Permission.VIEW),
            Page("Offerings", "commitments:offering-list", "package", Permission.VIEW),
            Page("Connections", "integrations:connection-list", "plug", Permission.MANAGE),
            Page("Import", "integrations:import-list", "upload", Permission.IMPORT),
            Page("Members", "tenants:member-list", "user-plus", Permission.MANAGE),
            Page("API tokens", "tenants:token-list", "key-round", Permission.MANAGE),
            Page("Settings", "tenants:settings", "settings", Permission.MANAGE),
        ),
    ),
)
# The four below the thumb: who decides starts from what waits, who sells from the check.
TABS_OF_DECIDERS = (APPROVALS, BOARD, CHECK, FLAGS)
TABS_OF_OTHERS = (CHECK, COMMITMENTS, BOARD, DEALS, FLAGS)


@dataclass(frozen=True)
class Place:
    """Where a request stands: an organization and what the person may do there."""

    slug: str
    permissions: frozenset[Permission]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return what templates/base.html shows around a page; asks the database only for what is shown."""
    context: dict[str, Any] = {"theme": theme_of(request), "today": timezone.localdate()}
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return context | {"may": {}}
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None and not hasattr(request, "session"):
        return context
    here = _organization(request, actor)
    place = None if here is None else Place(here.slug, permissions_of(here.role))
    counts = _counts(actor)
    return context | {
        "organization": actor.organization if actor else here,
        "organizations": [
            {"name": row.name, "url": reverse("tenants:landing", args=[row.slug])}
            for row in organizations_of_request(request)
        ],
        "person": {
            "name": user.display_name,
            "initials": user.initials,
            "role_label": Role(here.role).label if here else user.email,
            "side": "ops" if place and Permission.DECIDE in place.permissions else "",
        },
        "shortcuts": user.one_letter_keys,
        "account_links": [
            {"label": "Your name and keys", "url": reverse("person-settings"), "icon": "user-round"},
            {"label": "New organization", "url": reverse("organization-new"), "icon": "plus"},
        ],
        "may": {permission.value: bool(actor and actor.may(permission)) for permission in Permission},
        "navigation": SimpleLazyObject(lambda: list(_groups(request, place, counts()))),
        "tabs": SimpleLazyObject(lambda: _tabs(request, place, counts())),
        "set_up": SimpleLazyObject(lambda: _set_up(actor)),
    }


def _organization(request: HttpRequest, actor: Actor | None) -> OrganizationOfPerson | None:
    """Return the organization of the page, or the last one on pages outside of any."""
    rows = organizations_of_request(request)
    slug = actor.organization.slug if actor else request.session.get(LAST_ORGANIZATION)
    return next((row for row in rows if row.slug == slug), rows[0] if rows else None)


def _counts(actor: Actor | None) -> Callable[[], WaitingCounts]:
    """Return a function that asks once; outside an organization's transaction there is nothing to ask."""
    asked: list[WaitingCounts] = []

    def counts() -> WaitingCounts:
        if not asked:
            asked.append(waiting_counts(person_id=actor.person.pk) if actor else WaitingCounts(0, 0, 0))
        return asked[0]

    return counts


def _groups(request: HttpRequest, place: Place | None, counts: WaitingCounts) -> Iterator[dict[str, Any]]:
    for label, pages in GROUPS:
        if items := _items(request, place, counts, pages):
            yield {"label": label, "items": items}


def _tabs(request: HttpRequest, place: Place | None, counts: WaitingCounts) -> list[dict[str, Any]]:
    decides = place is not None and Permission.DECIDE in place.permissions
    pages = TABS_OF_DECIDERS if decides else TABS_OF_OTHERS
    items = _items(request, place, counts, pages)[:4]
    return [item | {"label": item["short"] or item["label"]} for item in items]


def _items(
    request: HttpRequest, place: Place | None, counts: WaitingCounts, pages: tuple[Page, ...]
) -> list[dict[str, Any]]:
    if place is None:
        return []
    return [
        {
            "label": page.label,
            "short": page.short,
            "url": url,
            "icon": page.icon,
            "key": page.key,
            "count": page.count(counts, place.permissions) if page.count else 0,
            "current": request.path.startswith(url),
        }
        for page in pages
        if page.permission in place.permissions and (url := _url(page.name, place.slug))
    ]


def _url(name: str, slug: str) -> str:
    """Return the page's address, "" while the page does not exist."""
    try:
        return reverse(name, args=[slug])
    except NoReverseMatch:
        return ""


def _set_up(actor: Actor | None) -> list[dict[str, Any]]:
    """Return the first things to do in an organization, in their order; empty when all are done."""
    if actor is None:
        return []
    progress = set_up_progress()
    slug = actor.organization.slug
    steps = [
        ("Add pools and people", "capacity:pool-list", progress.has_pools),
        ("Describe what you offer", "commitments:offering-list", progress.has_offerings),
        ("Bring in your deals", "integrations:import-list", progress.has_deals),
    ]
    if all(done for _, _, done in steps):
        return []
    first_open = next(label for label, _, done in steps if not done)
    return [
        {
            "label": label,
            "url": _url(name, slug),
            "state": "done" if done else "current" if label == first_open else "later",
        }
        for label, name, done in steps
    ]
