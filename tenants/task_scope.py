"""The Celery base task: a message names its tenant in a header and runs inside that tenant's scope."""

from typing import Any

from celery import Task, current_task

from tenants.errors import NoTenant
from tenants.scope import active_organization_id, tenant_scope

HEADER = "tenant"


class TenantTask(Task[Any, Any]):
    """Carries the active organization from publisher to worker; neither side works without one.

    A task that serves the whole installation (the sweeper) says so with `tenantless = True`; one that opens
    its scopes itself, several short ones, with `opens_scope = False`.
    """

    abstract = True
    tenantless = False
    opens_scope = True

    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        """Publish with the tenant in a header; raise NoTenant when none is active."""
        if not self.tenantless:
            headers = dict(kwargs.pop("headers", None) or {})
            headers.setdefault(HEADER, active_organization_id() or _tenant_of_running_task())
            if headers[HEADER] is None:
                raise NoTenant(f"{self.name} was published while no organization is active.")
            kwargs["headers"] = headers
        return super().apply_async(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run inside the tenant's scope; raise NoTenant when the message names none.

        Calls the body and not Celery's own __call__, which would hide the message's headers from it.
        """
        if self.tenantless:
            return self.run(*args, **kwargs)
        tenant = self.tenant_id()
        if not self.opens_scope:
            return self.run(*args, **kwargs)
        with tenant_scope(tenant):
            return self.run(*args, **kwargs)

    def tenant_id(self) -> int:
        """Return the tenant that the running message names; raise NoTenant when it names none."""
        tenant = _header(self.request)
        if tenant is None:
            raise NoTenant(f"{self.name} arrived without a tenant.")
        return tenant


def _header(request: Any) -> int | None:
    headers = getattr(request, "headers", None) or {}
    value = headers.get(HEADER, getattr(request, HEADER, None))
    return None if value is None else int(value)


def _tenant_of_running_task() -> int | None:
    # A chain's next link is published after the body ended, when the scope is closed already.
    return _header(current_task.request) if current_task else None
