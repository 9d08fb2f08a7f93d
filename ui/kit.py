"""What the kit page shows: figures of a made-up company, fixed so that pictures of it can be compared."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message

from ui.charts.capacity import Week
from ui.charts.heat import HeatCell, HeatColumn, HeatGroup, HeatRow
from ui.charts.trends import Calibrated, Series
from ui.forms import DateInput
from ui.icons import STATE_ICONS

HOUR = 60
TODAY = date(2027, 2, 9)


class KitForm(forms.Form):
    """One field of each kind."""

    offering = forms.ChoiceField(label="What we promise", choices=[("hp", "Air-source heat pump, installed")])
    quantity = forms.IntegerField(label="How many", min_value=1, initial=24)
    promised_on = forms.DateField(label="Promised by", widget=DateInput(), initial=date(2027, 3, 12))
    note = forms.CharField(
        label="Why",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Operations reads this.",
    )
    urgent = forms.BooleanField(label="The customer signs this week", required=False)
    kind = forms.ChoiceField(
        label="Kind of change",
        choices=[("off", "Time off"), ("extra", "Extra hours")],
        widget=forms.RadioSelect,
    )
    rota = forms.FileField(label="Rota", required=False, help_text="A spreadsheet or CSV, up to 10 MB.")


def _weeks() -> list[Week]:
    rows = [
        ("15 Feb", 160, 118, 0, 0, 0),
        ("22 Feb", 160, 126, 8, 0, 6),
        ("1 Mar", 160, 112, 24, 48, 0),
        ("8 Mar", 160, 118, 16, 48, 0),
        ("15 Mar", 160, 80, 8, 0, 22),
        ("22 Mar", 128, 58, 0, 0, 31),
        ("29 Mar", 128, 40, 0, 0, 36),
    ]
    return [
        Week(label, cap * HOUR, book * HOUR, held * HOUR, ask * HOUR, None, pipe * HOUR, highlighted=ask > 0)
        for label, cap, book, held, ask, pipe in rows
    ]


def _cell(capacity: int, booked: int, held: int, pipeline: int, risk: float, **marks: Any) -> HeatCell:
    return HeatCell(capacity * HOUR, booked * HOUR, held * HOUR, pipeline * HOUR, risk, url="#drill", **marks)


def _groups() -> list[HeatGroup]:
    electricians = [
        _cell(160, 148, 0, 6, 0.05),
        _cell(160, 118, 0, 0, 0.004),
        _cell(160, 126, 8, 6, 0.06),
        _cell(160, 112, 24, 0, 0.46, would_not_fit=True),
        _cell(160, 118, 16, 0, 0.51, would_not_fit=True),
        _cell(160, 80, 8, 22, 0.01),
    ]
    roofing = [
        _cell(120, 104, 0, 0, 0.002),
        _cell(120, 112, 0, 0, 0.06),
        _cell(120, 100, 8, 6, 0.05),
        _cell(120, 108, 8, 4, 0.2),
        _cell(120, 138, 0, 0, 0.97, over_promised=True, selected=True),
        _cell(0, 0, 0, 0, 0.0),
    ]
    north = [HeatRow("Electricians", "5 people · 160 h a week", "#pool", electricians)]
    return [
        HeatGroup("North", [*north, HeatRow("Roofing crews", "2 crews · 120 h a week", "#pool", roofing)])
    ]


COLUMNS = [
    HeatColumn("8 Feb", "this week", current=True),
    HeatColumn("15 Feb", "wk 7"),
    HeatColumn("22 Feb", "wk 8"),
    HeatColumn("1 Mar", "wk 9"),
    HeatColumn("8 Mar", "wk 10"),
    HeatColumn("29 Mar", "Easter"),
]
STATES = list(STATE_ICONS)
FACTS = [
    {
        "label": "Over-promised",
        "value": "30 h short",
        "note": "2 pools, 2 weeks",
        "icon": "flag",
        "bad": True,
    },
    {
        "label": "Would be, if approved as asked",
        "value": "46 h short",
        "note": "Electricians",
        "icon": "circle-dashed",
    },
    {"label": "Holds that end this week", "value": "4 holds", "note": "92 h come free", "icon": "hourglass"},
    {
        "label": "Likely overloads, next 12 weeks",
        "value": "3 weeks",
        "note": "above 50% risk",
        "icon": "gauge",
    },
]
RIVALS = [
    {
        "name": "Aldermoor School",
        "note": "18 EV chargers",
        "state": "approved",
        "promised": "Wed 10 March",
        "minutes": 4680,
    },
    {
        "name": "Pinecrest Apartments",
        "note": "40 kWp solar roof",
        "state": "delivery",
        "promised": "Fri 12 March",
        "minutes": 3840,
    },
    {
        "name": "Tilia Care Homes",
        "note": "10 heat pumps",
        "state": "hold",
        "promised": "Hold ends Thu 11 February",
        "minutes": 2400,
        "held": True,
    },
]
IMPACTS = [
    {
        "name": "Aldermoor School",
        "note": "18 EV chargers",
        "promised": "Wed 10 March",
        "before": 0.94,
        "after": 0.58,
        "verdict": "infeasible",
        "finishes": "Tue 16 March",
        "late": "4 days late",
    },
    {
        "name": "Vossberg Dairy",
        "note": "Cold-store rewiring",
        "promised": "Tue 9 March",
        "before": 0.96,
        "after": 0.83,
        "verdict": "tight",
        "finishes": "Tue 9 March",
        "late": "",
    },
]
STEPS = [
    {"label": "Proposed", "state": "done"},
    {"label": "Countered", "state": "done"},
    {"label": "Approved", "state": "done"},
    {"label": "In delivery", "state": "current", "icon": "truck"},
    {"label": "Kept", "state": "later", "icon": "check-check"},
]
KEPT = [0.85, 0.84, 0.88, 0.88, 0.90, 0.91, 0.92, 0.91, 0.94, 0.95, 0.96, 0.97]
OVER = [0.09, 0.10, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01, 0.01]
ANSWERED = [
    ("under 1 h", 48, ""),
    ("1 to 3 h", 71, ""),
    ("3 to 6 h", 62, ""),
    ("1 to 2 days", 11, "f-tight"),
    ("longer", 5, "f-no"),
]


def _navigation() -> list[dict[str, Any]]:
    daily = [
        {"label": "Approvals", "url": "#", "icon": "inbox", "count": 6, "key": "a"},
        {"label": "Board", "url": "#", "icon": "layout-grid", "key": "b", "current": True},
        {"label": "Commitments", "url": "#", "icon": "handshake", "key": "o"},
        {"label": "Check a promise", "short": "Check", "url": "#", "icon": "scale", "key": "c"},
        {"label": "Outcomes", "url": "#", "icon": "chart-line"},
    ]
    setup = [
        {"label": "Capacity pools", "url": "#", "icon": "users"},
        {"label": "Offerings", "url": "#", "icon": "wrench"},
        {"label": "Connections", "url": "#", "icon": "plug"},
    ]
    return [{"label": "", "items": daily}, {"label": "Set up", "items": setup}]


def _frame() -> dict[str, Any]:
    """What context processors give a page of a signed-in person; so the kit needs no organization."""
    navigation = _navigation()
    return {
        "navigation": navigation,
        "tabs": navigation[0]["items"][:4],
        "organization": {"name": "Brightwater Energy", "slug": "brightwater"},
        "organizations": [{"name": "Brightwater Energy", "url": "#"}, {"name": "Nordgrav", "url": "#"}],
        "person": {"name": "Bob Okafor", "initials": "BO", "role_label": "Operations, North", "side": "ops"},
        "jump_url": "#jump",
        "today": TODAY,
        "messages": [Message(constants.SUCCESS, "Counter-offer sent to Alice and to the CRM.")],
    }


def kit_context() -> dict[str, Any]:
    """Everything templates/ui/kit.html needs."""
    broken = KitForm({"offering": "hp", "quantity": "0", "promised_on": "2027-03-14", "kind": "off"})
    broken.add_error("promised_on", "No pool works on Sundays. Try Fri 12 or Mon 15 March.")
    months = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"]
    return {
        **_frame(),
        "weeks": _weeks(),
        "groups": _groups(),
        "columns": COLUMNS,
        "states": STATES,
        "facts": FACTS,
        "rivals": RIVALS,
        "impacts": IMPACTS,
        "steps": STEPS,
        "months": months,
        "series": [
            Series("Kept on or before the date", KEPT),
            Series("Approved over capacity", OVER, "l-muted"),
        ],
        "buckets": [
            Calibrated(0.45, 0.4, 10),
            Calibrated(0.75, 0.77, 31),
            Calibrated(0.9, 0.93, 72),
            Calibrated(0.97, 0.98, 120),
        ],
        "answered": ANSWERED,
        "runs": ["ok"] * 30 + ["no"] + ["ok"] * 12 + ["tight", "ok", "ok"],
        "form": KitForm(),
        "broken": broken,
        "promise": [
            ("Customer", "Kestrel Housing"),
            ("Price", "€312,420"),
            ("Asked for", "24 by Fri 12 March"),
            ("Deal", "8790", "#"),
        ],
        "tab_items": [
            {"label": "Overview", "url": "#"},
            {"label": "Mapping", "url": "#", "current": True, "count": 3},
            {"label": "Sync history", "url": "#"},
        ],
        "seg_items": [
            {"label": "Free hours", "url": "#", "current": True},
            {"label": "% booked", "url": "#"},
            {"label": "Risk", "url": "#"},
        ],
        "first": date(2027, 3, 1),
        "last": date(2027, 3, 12),
        "at": datetime(2027, 2, 10, 8, 55, tzinfo=UTC),
    }
