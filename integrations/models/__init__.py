"""What this floor keeps: files on their way in, and connections to CRMs."""

from integrations.models.connections import (
    Connection,
    FormerConnection,
    RemoteDeal,
    SyncCursor,
    SyncRun,
    WebhookEvent,
    WriteBack,
)
from integrations.models.files import FileImport, RememberedMapping, StagedRow

__all__ = [
    "Connection",
    "FileImport",
    "FormerConnection",
    "RememberedMapping",
    "RemoteDeal",
    "StagedRow",
    "SyncCursor",
    "SyncRun",
    "WebhookEvent",
    "WriteBack",
]
