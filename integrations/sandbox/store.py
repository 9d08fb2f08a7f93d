"""Keeps the sandbox's records: in memory, and in one JSON file that a restart finds again."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from django.utils import timezone

from integrations.sandbox import world
from integrations.sandbox.settings import SANDBOX_FILE

Values = dict[str, str]


def stamp(moment: datetime) -> str:
    """Return an instant as HubSpot writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """Records by kind and id, the properties that deals have, and who wants webhooks.

    Lines and notes name their deal as `deal`, deals their company as `company`; all values are texts.
    """

    def __init__(self, path: Path) -> None:
        self.lock = RLock()
        self._path = path
        self.last = 1000
        self.objects: dict[str, dict[str, Values]] = {kind: {} for kind in world.KINDS}
        self.properties: dict[str, Any] = {each["name"]: each for each in world.PROPERTIES}
        self.hooks: dict[str, dict[str, str]] = {}
        if path.exists():
            held = json.loads(path.read_text())
            self.last, self.objects = held["last"], held["objects"]
            self.properties, self.hooks = held["properties"], held["hooks"]
        else:
            world.begin(self, timezone.now())
            self.save()

    def save(self) -> None:
        """Write everything; whoever reads the file sees all of a change or nothing of it."""
        names = ("last", "objects", "properties", "hooks")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({name: getattr(self, name) for name in names}, indent=1))
        os.replace(new, self._path)

    def add(self, kind: str, values: Mapping[str, str], at: datetime) -> str:
        """Make a record and return its id."""
        self.last += 1
        id = str(self.last)
        self.objects[kind][id] = {"hs_object_id": id, "createdate": stamp(at)}
        self.change(kind, id, values, at)
        return id

    def change(self, kind: str, id: str, values: Mapping[str, str], at: datetime) -> None:
        """Set some values of a record; the caller saves."""
        self.objects[kind][id] |= {**values, "hs_lastmodifieddate": stamp(at)}

    def of_deal(self, kind: str, deal: str) -> dict[str, Values]:
        """Return the deal's lines or notes by id, oldest first."""
        return {id: values for id, values in self.objects[kind].items() if values["deal"] == deal}


@cache
def store() -> Store:
    """Return the one store of this process."""
    return Store(SANDBOX_FILE)
