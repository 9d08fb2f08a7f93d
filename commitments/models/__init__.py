from commitments.models.commitments import Commitment, CommitmentStage
from commitments.models.deals import Company, Deal, DealLine
from commitments.models.flags import Flag
from commitments.models.ledger import LedgerEvent, StoredVerdict
from commitments.models.offerings import Offering, OfferingStage

__all__ = [
    "Commitment",
    "CommitmentStage",
    "Company",
    "Deal",
    "DealLine",
    "Flag",
    "LedgerEvent",
    "Offering",
    "OfferingStage",
    "StoredVerdict",
]
