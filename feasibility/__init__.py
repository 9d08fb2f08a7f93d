"""The feasibility engine: can this be promised, and if not, what can? Pure arithmetic, no clock.

For each pool the engine holds one table over all pairs of days (a, b):

    slack[a, b] = capacity of days a..b - work of all rows whose window lies inside [a, b]
    rooms[r, d] = the least slack of any interval around [r, d]
                = the most minutes that new work with window [r, d] can bring

Nearly every question is one read of it: it fits when its minutes are at most rooms[r, d]; the
bottleneck is the interval with that least slack; the earliest date is the first d with room enough;
a window is at risk when its room is below zero. This is exact for divisible work that may be planned
anew inside its windows (Horn 1974; Baruah, Rosier and Howell 1990; Gale 1957). Stages in sequence
are placed one after another with milestones between them. Minutes are integers; effort rounds up and
capacity rounds down, so a yes is never an artefact of rounding.
"""

from feasibility.ask import Ask, Stage
from feasibility.assessing import assess
from feasibility.assessment import (
    AskedRow,
    Assessment,
    Bottleneck,
    BottleneckPart,
    Lack,
    Missing,
    PlanRow,
    StageWindow,
    Verdict,
)
from feasibility.axis import Axis
from feasibility.book import PoolBook
from feasibility.certificate import certify
from feasibility.checker import faults
from feasibility.counter_offers.offer import Offer
from feasibility.errors import (
    BadAsk,
    BadBook,
    BrokenPlan,
    FeasibilityError,
    MissingCapacity,
    OutsideAxis,
)
from feasibility.interval import Interval
from feasibility.picture import WeekCell, weekly_picture
from feasibility.plan import Plan, edf_plan, late_plan
from feasibility.prepared import Books, PreparedPool, prepare
from feasibility.rows import Ints, WorkRows, ints
from feasibility.table import PromiseTable, room_once
from feasibility.version import ENGINE_VERSION

__all__ = [
    "ENGINE_VERSION",
    "Ask",
    "AskedRow",
    "Assessment",
    "Axis",
    "BadAsk",
    "BadBook",
    "Books",
    "Bottleneck",
    "BottleneckPart",
    "BrokenPlan",
    "FeasibilityError",
    "Interval",
    "Ints",
    "Lack",
    "Missing",
    "MissingCapacity",
    "Offer",
    "OutsideAxis",
    "Plan",
    "PlanRow",
    "PoolBook",
    "PreparedPool",
    "PromiseTable",
    "Stage",
    "StageWindow",
    "Verdict",
    "WeekCell",
    "WorkRows",
    "assess",
    "certify",
    "edf_plan",
    "faults",
    "ints",
    "late_plan",
    "prepare",
    "room_once",
    "weekly_picture",
]
