from tenants.models.organizations import ApiToken, Invitation, Membership, Organization
from tenants.models.owned import OrganizationOwned
from tenants.models.people import User
from tenants.models.work import IdempotentAnswer, OutboxEntry, WorkerHeartbeat

__all__ = [
    "ApiToken",
    "IdempotentAnswer",
    "Invitation",
    "Membership",
    "Organization",
    "OrganizationOwned",
    "OutboxEntry",
    "User",
    "WorkerHeartbeat",
]
