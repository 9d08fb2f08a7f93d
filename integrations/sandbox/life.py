"""What salespeople do with deals: at their own pace, or by a visitor's hand on the page."""

import threading
import time
from datetime import date, datetime, timedelta
from random import Random

from django.utils import timezone

from integrations.sandbox import hooks, world
from integrations.sandbox.store import Store, stamp, store

SOONEST = timedelta(days=10)  # nobody promises anything earlier by themselves
FEW = 25  # open deals; below it new ones come in
HAPPENS = {"date": 50, "stage": 40, "closedwon": 7, "closedlost": 3}  # how often, of a hundred changes
DAYS = (-14, -7, -7, -3, 7, 21)  # how far dates are moved


def change_deal(
    held: Store,
    deal: str,
    *,
    at: datetime,
    stage: str = "",
    promised_on: date | None = None,
    quantity: int | None = None,
) -> None:
    """Change what is given and tell the subscribers, once for each property that is another one now."""
    with held.lock:
        before = dict(held.objects["deals"][deal])
        values = {"dealstage": stage, "promised_date": str(promised_on or "")}
        if quantity is not None:
            values["amount"] = _ask_for(held, deal, quantity, at)
        news = {name: value for name, value in values.items() if value and value != before.get(name)}
        if news:
            held.change("deals", deal, {**news, "touched": stamp(at)}, at)
            held.save()
    for name in news:
        hooks.tell(held, deal, name)


def _ask_for(held: Store, deal: str, quantity: int, at: datetime) -> str:
    """Set the quantity of the deal's first line; return what the deal amounts to then."""
    lines = held.of_deal("line_items", deal)
    first = next(iter(lines))
    if lines[first]["quantity"] != str(quantity):
        held.change("line_items", first, {"quantity": str(quantity)}, at)
    return str(sum(int(line["quantity"]) * int(line["price"]) for line in lines.values()))


def begin(every: int) -> None:
    """Have something happen about every so many seconds from now on; never with 0."""
    held = store()
    if every > 0:
        threading.Thread(target=_live, args=(held, every), daemon=True, name="life").start()


def _live(held: Store, every: int) -> None:
    chance = Random(held.last)
    while True:
        time.sleep(every * chance.uniform(0.6, 1.4))
        live_on(held, chance, timezone.now())


def live_on(held: Store, chance: Random, at: datetime) -> None:
    """Let one thing happen: a deal moves on, is won or lost, is wanted earlier or later, or comes in."""
    deals = held.objects["deals"]
    going = [id for id, deal in deals.items() if deal["dealstage"] in world.OPEN]
    if len(going) < FEW:
        with held.lock:
            new = world.add_deal(held, chance, world.OPEN[0], at)
            held.save()
        hooks.tell(held, new, "dealname")
        return
    deal = chance.choice(going)
    [what] = chance.choices(list(HAPPENS), list(HAPPENS.values()))
    if what == "date":
        before = date.fromisoformat(deals[deal]["promised_date"])
        change_deal(held, deal, at=at, promised_on=_another_day(before, chance, at.date() + SOONEST))
    elif what == "stage":
        change_deal(held, deal, at=at, stage=_next_stage(deals[deal]["dealstage"]))
    else:
        change_deal(held, deal, at=at, stage=what)


def _another_day(before: date, chance: Random, soonest: date) -> date:
    day = world.working_day(before + timedelta(days=chance.choice(DAYS)))
    return day if day >= soonest else world.working_day(max(before, soonest) + timedelta(days=max(DAYS)))


def _next_stage(stage: str) -> str:
    """Return the next open stage; the last one goes back for another quote."""
    place = world.OPEN.index(stage)
    return world.OPEN[place + 1] if place + 1 < len(world.OPEN) else world.OPEN[-2]
