"""Watches the statements of a test: whatever touches a tenant's table names organization_id.

So the tables can be distributed by it, and every policy is answered by an index.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection

from tests.house.catalog import tenant_models


@cache
def _tenant_table() -> re.Pattern[str]:
    tables = sorted(model._meta.db_table for model in tenant_models())
    return re.compile(rf"\b({'|'.join(tables)})\b")


def forgets_the_organization(statement: str) -> bool:
    """Return whether the statement touches a tenant's table without naming organization_id."""
    return bool(_tenant_table().search(statement)) and "organization_id" not in statement


@contextmanager
def watched() -> Iterator[None]:
    """Fail at the first statement in the block that forgets the organization."""

    def watch(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        assert not forgets_the_organization(str(sql)), f"This statement names no organization_id: {sql}"
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
