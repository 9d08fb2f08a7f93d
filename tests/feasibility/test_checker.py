"""The recount must also say no: every kind of certificate is tampered with."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feasibility.checker
from feasibility import Ask, PoolBook, Stage, assess, certify, faults

BOOKS = {
    1: PoolBook(1, np.full(6, 100, np.int64), *(np.array([value]) for value in (1, 3, 200))),
    2: PoolBook(2, np.full(6, 100, np.int64)),
}
STAGES = (Stage(1, 50), Stage(2, 60, lag_days=1, max_minutes_per_day=80))


def _proof(quantity: int, due: int = 5) -> dict[str, Any]:
    ask = Ask(STAGES, quantity, 0, due)
    return certify(ask, assess(ask, BOOKS), BOOKS)


def _first_stage_row(proof: dict[str, Any]) -> list[int]:
    row = proof["stages"][0]["row"]
    return next(entry for entry in proof["pools"]["1"]["schedule"] if entry[0] == row)


def _more(proof: dict[str, Any]) -> None:
    proof["stages"][0]["minutes"] += 1


def _overfull(proof: dict[str, Any]) -> None:
    proof["pools"]["1"]["capacity"] = [10] * 6


def _outside(proof: dict[str, Any]) -> None:
    _first_stage_row(proof)[1] = 5


def _too_soon(proof: dict[str, Any]) -> None:
    proof["stages"][1]["lag"] = 5


def _over_limit(proof: dict[str, Any]) -> None:
    proof["pools"]["2"]["rows"][-1][3] = 10


def _too_late(proof: dict[str, Any]) -> None:
    proof["due"] = 3


def _dropped(proof: dict[str, Any]) -> None:
    proof["pools"]["1"]["schedule"].remove(_first_stage_row(proof))


def _called_late(proof: dict[str, Any]) -> None:
    proof["pools"]["1"]["late"] = {"0": 10}


@pytest.mark.parametrize(
    "tamper", [_more, _overfull, _outside, _too_soon, _over_limit, _too_late, _dropped, _called_late]
)
def test_a_tampered_yes_is_found_out(tamper: Any) -> None:
    proof = _proof(2)
    assert proof["kind"] == "fits"
    assert faults(proof) == []
    forged = deepcopy(proof)
    tamper(forged)
    assert faults(forged) != []


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("short", 1, "Short by 100 minutes, not by 1."),
        ("rows", [[0, 5, 10, 0]], "The days are not short."),
        ("parts", [[0, 1]], "Capacity does not match the days."),
    ],
)
def test_a_tampered_no_is_found_out(field: str, value: Any, fault: str) -> None:
    proof = certify(ask := Ask((Stage(1, 100),), 5, 0, 5), assess(ask, BOOKS), BOOKS)
    assert (proof["kind"], proof["short"], faults(proof)) == ("short", 100, [])
    assert fault in faults({**proof, field: value})


def test_a_tampered_order_is_found_out() -> None:
    proof = _proof(1, due=1)
    assert (proof["kind"], faults(proof)) == ("order", [])
    assert faults({**proof, "due": 2}) == ["3 days do fit into the window."]


def test_an_unknown_kind_proves_nothing() -> None:
    assert faults({}) == ["This kind of certificate is not known."]


def test_a_yes_beside_an_overbooked_week_proves_that_the_lateness_is_not_its_own() -> None:
    book = PoolBook(1, np.full(6, 100, np.int64), *(np.array([value]) for value in (0, 1, 250)))
    ask = Ask((Stage(1, 100),), 2, 3, 5)
    proof = certify(ask, assess(ask, {1: book}), {1: book})
    assert (proof["pools"]["1"]["late"], proof["pools"]["1"]["overloads"]) == ({"0": 50}, [[0, 1]])
    assert faults(proof) == []
    forged = deepcopy(proof)
    forged["pools"]["1"]["overloads"] = []
    assert faults(forged) == ["Pool 1: 50 minutes are late, 0 of them are forced."]


def test_the_checker_imports_nothing_of_the_engine() -> None:
    lines = Path(feasibility.checker.__file__).read_text().splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert imports == [
        "from bisect import bisect_left, bisect_right",
        "from collections import Counter",
        "from typing import Any",
    ]
