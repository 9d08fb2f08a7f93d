"""What the columns of a file can mean: one table of fields for each kind of import."""

from dataclasses import dataclass

from integrations.files import synonyms
from tabular.columns import Field as WantedField
from tabular.columns import FieldKind as Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a column can hold; `synonyms` are column names as CRMs write them, the best first."""

    name: str
    label: str
    synonyms: tuple[str, ...]
    kind: Kind = Kind.TEXT
    help: str = ""
    longest: int = 200

    @property
    def wanted(self) -> WantedField:
        """Return the field as the guessing of columns asks for it."""
        return WantedField(self.name, self.label, self.synonyms, kind=self.kind)


_COMPANY = Field("company", "Company", synonyms.COMPANY)
_OWNER = Field("owner", "Owner", synonyms.OWNER, longest=150)
_QUANTITY = Field("quantity", "Quantity", synonyms.QUANTITY, Kind.INTEGER)
_AMOUNT = Field("amount", "Amount", synonyms.AMOUNT, Kind.MONEY)
_CURRENCY = Field("currency", "Currency", synonyms.CURRENCY, longest=40)

DEAL_FIELDS = (
    Field(
        "external_id",
        "Deal’s id",
        synonyms.DEAL_ID + synonyms.ANY_ID,
        help="Lets the next import of the same deal update it",
    ),
    Field("name", "Deal’s name", synonyms.DEAL_NAME, longest=250),
    _COMPANY,
    _OWNER,
    Field("stage", "Stage", synonyms.STAGE, help="Tells won, lost and open deals apart", longest=120),
    Field("probability", "Chance to win", synonyms.PROBABILITY, Kind.PERCENT),
    _AMOUNT,
    _CURRENCY,
    Field(
        "close_on",
        "Close date",
        synonyms.CLOSE,
        Kind.DATE,
        help="When the sale closes; not the day of delivery",
    ),
    Field("product", "Product", synonyms.PRODUCT, help="Matched to your offerings by name"),
    _QUANTITY,
    Field(
        "promised_on",
        "Promised date",
        synonyms.PROMISED + synonyms.REQUESTED,
        Kind.DATE,
        help="The day the customer was told",
    ),
    Field("earliest_start", "Earliest start", synonyms.EARLIEST, Kind.DATE),
    Field("created_on", "Created on", synonyms.CREATED, Kind.DATE, help="Tells deals without an id apart"),
    Field("url", "Link", synonyms.URL, longest=500),
)

COMMITMENT_FIELDS = (
    Field(
        "external_id",
        "Order’s id",
        synonyms.ORDER_ID + synonyms.ANY_ID,
        help="Lets the next import of the same order update it",
    ),
    _COMPANY,
    _OWNER,
    Field("product", "Offering", synonyms.PRODUCT, help="Matched to your offerings by name"),
    _QUANTITY,
    Field("created_on", "Ordered on", synonyms.CREATED, Kind.DATE, help="Taken as the earliest start"),
    Field("requested_on", "Requested date", synonyms.REQUESTED, Kind.DATE),
    Field("promised_on", "Promised date", synonyms.PROMISED, Kind.DATE),
    Field(
        "delivered_on",
        "Delivered on",
        synonyms.DELIVERED,
        Kind.DATE,
        help="Empty: the promise is still open",
    ),
    _AMOUNT,
    _CURRENCY,
    Field("note", "Note", synonyms.NOTE, longest=2000),
)

FIELDS = {"deals": DEAL_FIELDS, "commitments": COMMITMENT_FIELDS}

# At least one field of each group must have a column.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "deals": (("name", "company", "external_id"),),
    "commitments": (("promised_on", "requested_on"),),
}


def fields_of(kind: str) -> dict[str, Field]:
    """Return the fields of a kind of import by name."""
    return {field.name: field for field in FIELDS[kind]}
