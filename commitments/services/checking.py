"""Keeps a check for good: what was asked, the answer, the picture and the evidence."""

import hashlib
import json
from typing import Any

from commitments.models import StoredVerdict
from commitments.selectors.checks import Check
from commitments.selectors.verdict_json import picture_json, verdict_json
from feasibility import certify, faults
from tenants.access import Actor


class EvidenceFault(RuntimeError):
    """The independent checker refused the engine's certificate: a fault of the program, never an answer."""


def store_check(*, check: Check, by: Actor | None) -> StoredVerdict:
    """Save the check and return it; raises EvidenceFault when its proof does not hold.

    The verdict's id is given before it is written, because stored verdicts never change.
    """
    evidence = evidence_of(check)
    asked = check.asked.as_json()
    answer = verdict_json(check)
    return StoredVerdict.objects.create(
        as_of=check.as_of,
        asked=asked,
        answer=answer,
        picture=picture_json(check.pictures),
        evidence=evidence,
        digest=digest_of(asked, answer, evidence),
        by=by.person if by else None,
        deal=check.asked.deal,
    )


def digest_of(asked: dict[str, Any], answer: dict[str, Any], evidence: dict[str, Any]) -> str:
    """Return the SHA-256 over what was asked, answered and proven."""
    canonical = json.dumps([asked, answer, evidence], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def evidence_of(check: Check) -> dict[str, Any]:
    """Return the certificate that anybody can re-count, with the first day its indices count from.

    Raises EvidenceFault when the independent checker finds a fault in it.
    """
    if check.ask is None or check.assessment.missing or not _has_proof(check):
        return {"kind": "none", "first_on": check.book.today.isoformat()}
    certificate = certify(check.ask, check.assessment, check.prepared)
    if found := faults(certificate):
        raise EvidenceFault("; ".join(found))
    return {**certificate, "first_on": check.book.today.isoformat()}


def _has_proof(check: Check) -> bool:
    answer = check.assessment
    return answer.verdict.fits or answer.bottleneck is not None or answer.missing_days > 0


def stored_answer(stored: StoredVerdict) -> dict[str, Any]:
    """Return the stored verdict as the contract's Verdict with its id."""
    return {**stored.answer, "id": stored.pk}
