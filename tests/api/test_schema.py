"""Schemathesis sends every operation of the description right and wrong requests, the same in every run.

Left out of its checks: that whatever the description allows is accepted. It cannot say which ids exist, which
cursors were given, or that a promise ends after it starts.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tenants.models import Organization
from tests.api.conftest import Program
from tests.api.scenes import approved, day, judge, proposed, scene
from tests.factories.tenants import two_organizations

FUZZED, COVERED = 10, 60
CONFIG = {
    "seed": 2027,
    "generation": {"deterministic": True, "database": "none", "with-security-parameters": False},
}
BODIES = {"offering": "offerings", "pool": "pools", "deal": "deals", "resource": "resources"}


@pytest.mark.django_db(transaction=True)
def test_every_operation_answers_as_described_whatever_it_is_sent() -> None:
    answered, found = sent_and_found()

    statuses = Counter[int]()
    for by_operation in answered.values():
        statuses += by_operation
    assert not found, f"{len(found)} failures\n" + "\n\n".join(found[:20])
    assert statuses.total() > 1000
    # The requests are not refused at the door alone.
    assert min(statuses[200], statuses[201], statuses[400], statuses[404], statuses[409]) >= 10, statuses


@pytest.mark.django_db(transaction=True)
def test_answer_that_is_not_as_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capacity.api.pools.pool_json", lambda pool, _: {"id": pool.pk})

    _, found = sent_and_found(path="/api/v1/pools/{id}/")

    assert any("Response violates schema" in failure for failure in found)


def sent_and_found(path: str = "") -> tuple[dict[str, Counter[int]], list[str]]:
    """Send all requests (or those of one address).

    Returns by operation how often each status came, and the failures.
    """
    people = two_organizations()
    program = Program(people.acme, people.alice)
    known = things(program, people.acme)
    config = SchemathesisConfig.from_dict(CONFIG)
    description = schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application(), config=config)
    headers = {"Authorization": f"Bearer {program.token}"}
    found: list[str] = []
    answered: dict[str, Counter[int]] = {}
    for result in description.get_all_operations():
        operation = result.ok()
        if path not in ("", operation.path):
            continue
        statuses = answered.setdefault(operation.label, Counter())
        for number, case in enumerate(cases(operation)):
            if number % 4:
                aim(case, known)
            try:
                response = case.call(headers=headers)
                statuses[response.status_code] += 1
                case.validate_response(
                    response,
                    excluded_checks=[positive_data_acceptance],
                    headers=headers,
                    transport_kwargs={"headers": headers},
                )
            except FailureGroup as failures:
                found += [
                    f"{operation.label}: {failure}\n{case.as_curl_command()}"
                    for failure in failures.exceptions
                ]

    return answered, found


def cases(operation: Any) -> Iterator[Any]:
    """Return requests for an operation: the edges of its description, then random ones, right and wrong."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    schema = operation.schema
    generation = schema.config.generation_for(operation=operation)
    yield from islice(
        schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=generation), COVERED
    )
    for mode in modes:
        yield from drawn(operation.as_strategy(mode))


def drawn(strategy: Any) -> list[Any]:
    """Return what hypothesis draws from a strategy, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=FUZZED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case: Any) -> None:
        found.append(case)

    # An operation that takes nothing cannot be sent anything wrong.
    with suppress(Unsatisfiable):
        draw()
    return found


def things(program: Program, acme: Organization) -> dict[str, int]:
    """Make things that exist, so that requests get past the first refusal; return their ids.

    Where a verb wants another state than the usual one, the key is noun and verb.
    """
    at_acme = scene(program)
    line = {"offering": at_acme.offering, "quantity": 1, "promised_on": day(20)}
    change = {"pool": at_acme.pool, "kind": "extra", "minutes_per_day": 60}
    bypass = program.made("deals/", {"name": "Bypass", "status": "won"})["id"]
    judge(acme)
    (flag,) = program.get(f"flags/?deal={bypass}").json()["results"]
    return {
        "flags": flag["id"],
        "commitments/propose": program.made("commitments/", at_acme.asked(days=30))["id"],
        "commitments/decline": proposed(program, at_acme.asked(days=30)),
        "commitments/withdraw": proposed(program, at_acme.asked(days=30)),
        "commitments/deliver": approved(program, program, at_acme.asked(days=30)),
        "commitments/cancel": approved(program, program, at_acme.asked(days=30)),
        "pools": at_acme.pool,
        "resources": at_acme.resource,
        "offerings": at_acme.offering,
        "deals": program.made("deals/", {"name": "Nordwind", "lines": [line]})["id"],
        "checks": program.made("checks/", at_acme.asked())["id"],
        "commitments": proposed(program, at_acme.asked()),
        "capacity-changes": program.made(
            "capacity-changes/", {**change, "starts_on": day(1), "ends_on": day(2)}
        )["id"],
    }


def aim(case: Any, known: dict[str, int]) -> None:
    """Point a request at things that exist, where it is not meant to be wrong."""
    noun, *rest = case.path.removeprefix("/api/v1/").strip("/").split("/")
    right_path = not case.meta.is_negative_at(ParameterLocation.PATH)
    if right_path and "id" in (case.path_parameters or {}) and noun in known:
        case.path_parameters["id"] = known.get(f"{noun}/{rest[-1]}", known[noun])
    if isinstance(case.body, dict) and not case.meta.is_negative_at(ParameterLocation.BODY):
        for name, noun in BODIES.items():
            if isinstance(case.body.get(name), int):
                case.body[name] = known[noun]
        # Words that the description cannot tell from any other text.
        if "weekly_minutes" in case.body or "time_zone" in case.body:
            case.body |= {"time_zone": "Europe/Berlin", "holidays": None, "pools": [known["pools"]]}
