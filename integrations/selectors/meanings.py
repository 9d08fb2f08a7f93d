"""What a connection's words mean here: stages, products, owners, and so the deal that a record is."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commitments.models import Deal, Offering
from commitments.services.importing import ImportedDeal
from integrations.crm import DealRecord, LineRecord, Status
from integrations.files.rows import plain_key
from integrations.files.stage_words import status_of_stage
from integrations.models import Connection

MOST_QUANTITY = 2**31 - 1
LEFT_OUT = {Connection.StageMeaning.LOST, Connection.StageMeaning.IGNORE}


@dataclass(frozen=True)
class Meanings:
    """A connection's mapping with the organization's offerings; made once for many records."""

    currency: str
    stage_names: Mapping[str, str]
    stage_meanings: Mapping[str, str]
    stage_chances: Mapping[str, Decimal]
    products: Mapping[str, int | None]
    offerings: Mapping[str, int]

    @classmethod
    def of(cls, connection: Connection) -> "Meanings":
        """Read the mapping inside the organization's scope."""
        stages = connection.discovery.get("stages", [])
        names = dict(Offering.objects.values_list("name", "pk"))
        known = set(names.values())
        return cls(
            currency=connection.currency,
            stage_names={stage["id"]: stage["name"] for stage in stages},
            stage_meanings={stage["id"]: stage["status"] for stage in stages} | connection.stages,
            stage_chances={
                stage["id"]: Decimal(stage["probability"])
                for stage in stages
                if stage["probability"] is not None
            },
            products={
                plain_key(word): pk
                for word, pk in connection.products.items()
                if pk is None or pk in known  # None: said to be none of ours, whatever its name
            },
            offerings={plain_key(name): pk for name, pk in names.items()},
        )

    def offering_of(self, product: str) -> int | None:
        """Return the offering a product means: as mapped, or of the same name."""
        key = plain_key(product)
        return self.products.get(key, self.offerings.get(key)) if product else None

    def is_none_of_ours(self, product: str) -> bool:
        """Return whether somebody said that the product is none of the offerings."""
        return self.products.get(plain_key(product), 0) is None

    def deal_of(self, record: DealRecord) -> ImportedDeal:
        """Return the record in the organization's words."""
        return ImportedDeal(
            external_id=record.id,
            company=record.company,
            owner_email=record.owner_email,
            values={
                "name": (record.name or record.company or record.id)[:250],
                "owner_name": (record.owner_name or record.owner_email)[:150],
                "stage": self._stage(record)[:120],
                "status": self._status(record),
                "probability": self._chance(record),
                "amount": self._amount(record.amount),
                "currency": (record.currency or self.currency)[:3] if record.amount is not None else "",
                "close_on": record.close_on,
                "external_url": record.url[:500],
            },
            lines=[self._line(record, line) for line in self._lines(record)],
        )

    def _stage(self, record: DealRecord) -> str:
        name = self.stage_names.get(record.stage_id, record.stage_id)
        return f"{name} (archived)" if record.archived else name

    def _status(self, record: DealRecord) -> str:
        if record.status in (Status.WON, Status.LOST):
            return record.status.value
        meaning = self.stage_meanings.get(record.stage_id) or status_of_stage(record.stage_id)
        if meaning == Connection.StageMeaning.WON:
            return Deal.Status.WON
        return Deal.Status.LOST if record.archived or meaning in LEFT_OUT else Deal.Status.OPEN

    def _chance(self, record: DealRecord) -> Decimal | None:
        if record.probability is not None:
            return record.probability.quantize(Decimal("0.0001"))
        chance = self.stage_chances.get(record.stage_id)
        return None if chance is None else chance.quantize(Decimal("0.0001"))

    @staticmethod
    def _amount(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else amount.quantize(Decimal("0.01"))

    @staticmethod
    def _lines(record: DealRecord) -> list[LineRecord]:
        if record.lines:
            return list(record.lines)[:200]
        if record.product or record.promised_on or record.quantity is not None:
            return [LineRecord(product=record.product, quantity=record.quantity)]
        return []

    def _line(self, record: DealRecord, line: LineRecord) -> dict[str, Any]:
        return {
            "product_name": line.product[:200],
            **self._offering(line.product),
            "quantity": self._quantity(line.quantity),
            "promised_on": line.promised_on or record.promised_on,
            "earliest_start": line.earliest_start or record.earliest_start,
        }

    def _offering(self, product: str) -> dict[str, int | None]:
        """Return the offering of a line; nothing where only a person could know it."""
        offering = self.offering_of(product)
        return {"offering_id": offering} if offering is not None or self.is_none_of_ours(product) else {}

    @staticmethod
    def _quantity(quantity: Decimal | None) -> int | None:
        """Return a whole number from 1, rounded up: half a heat pump still has to be installed."""
        if quantity is None or quantity <= 0 or quantity > MOST_QUANTITY:
            return None
        return -int(-quantity // 1)
