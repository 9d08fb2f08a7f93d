"""What can be wrong with a file or with what was said about it."""

from typing import Any

from tenants.errors import DomainError


class MappingProblem(DomainError):
    """The mapping cannot be used; names the column or key, what could stand there, and how to say it."""

    code = "mapping"

    def __init__(
        self,
        message: str,
        *,
        column: str | None = None,
        choices: list[str] | None = None,
        say: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, field=column)
        self.column = column
        self.choices = choices or []
        self.say = say or {}
