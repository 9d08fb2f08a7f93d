"""What the rules of promising refuse."""

from typing import Any

from tenants.errors import Conflict, DomainError


class WrongState(Conflict):
    """The commitment is in a state that does not allow this."""

    code = "wrong_state"


class NoLongerFits(Conflict):
    """The book moved: the promise does not fit as it is now; carries the fresh verdict (contract JSON)."""

    code = "no_longer_fits"

    def __init__(self, message: str, *, verdict: dict[str, Any], changed: list[str]) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.changed = changed


class CannotBeJudged(DomainError):
    """Something needed for a verdict is missing; the message says what and who can add it."""

    code = "cannot_be_judged"
