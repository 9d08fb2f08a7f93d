"""What can go wrong in this floor and above; config.api_errors turns these into answers."""


class DomainError(Exception):
    """A request that the rules refuse; the message is a sentence for the person who asked."""

    code = "refused"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NoTenant(Exception):
    """A tenant's data was asked for while no organization is active: a mistake in the program."""


class NotAllowed(DomainError):
    """The person has no permission for this."""

    code = "not_allowed"


class Conflict(DomainError):
    """The state of things no longer allows this."""

    code = "conflict"


class InvitationEnded(DomainError):
    """The invitation is unknown, used, revoked or expired."""

    code = "invitation_ended"


class WrongAddress(DomainError):
    """The invitation went to another e-mail address than the person's."""

    code = "wrong_address"


class Stale(DomainError):
    """The record changed since it was read."""

    code = "stale"


class Busy(DomainError):
    """Somebody else holds the lock; trying again soon will work."""

    code = "busy"
