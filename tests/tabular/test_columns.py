"""Columns are matched to fields by name; doubt lowers the confidence."""

import pytest

from tabular import CONFIDENT, Field, FieldKind, guess_columns, missing_fields
from tabular.columns import normalise

WANTED = (
    Field("name", "Deal name", ("opportunity name", "title", "subject"), required=True),
    Field("stage", "Stage", ("deal stage", "pipeline stage", "status", "Vertriebsphase")),
    Field("amount", "Amount", ("value", "close value", "deal value"), kind=FieldKind.MONEY),
    Field("closes", "Close date", ("expected close date", "closing date"), kind=FieldKind.DATE),
    Field("needed", "Required date", ("needed by", "delivery date"), kind=FieldKind.DATE),
    Field("reference", "ID", ("deal id", "record id", "order id", "opportunity id"), required=True),
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Deal_Stage", "deal stage"),
        ("dealStage", "deal stage"),
        ("DEAL STAGE", "deal stage"),
        ("orderID", "order id"),
        ("HTMLName", "html name"),
        ("Société", "societe"),
        ("Straße", "strasse"),
        ("Order #", "order number"),
        ("  a--b  ", "a b"),
        ("客户", "客户"),
    ],
)
def test_normalise_makes_names_comparable(name: str, words: str) -> None:
    assert normalise(name) == words


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Deal Stage", "stage"),
        ("deal_stage", "stage"),
        ("dealStage", "stage"),
        ("VERTRIEBSPHASE", "stage"),
        ("Amount (EUR)", "amount"),
        ("Deal values", "amount"),
        ("close_date", "closes"),
        ("requiredDate", "needed"),
        ("orderID", "reference"),
        ("Opportunity ID", "reference"),
        ("Date closing", "closes"),
    ],
)
def test_guess_columns_knows_a_name_however_it_is_written(header: str, field: str) -> None:
    guesses = guess_columns(["Other", header], WANTED)
    assert guesses[field].header == header
    assert guesses[field].sure


def test_guess_columns_maps_a_whole_export() -> None:
    headers = [
        "opportunity_id",
        "sales_agent",
        "product",
        "deal_stage",
        "engage_date",
        "close_date",
        "close_value",
    ]
    guesses = guess_columns(headers, WANTED)
    assert {name: guess.header for name, guess in guesses.items() if guess.sure} == {
        "reference": "opportunity_id",
        "stage": "deal_stage",
        "closes": "close_date",
        "amount": "close_value",
    }


def test_guess_columns_is_unsure_between_two_columns_that_fit_equally() -> None:
    guess = guess_columns(["Close date", "Closing date", "Title"], WANTED)["closes"]
    assert guess.confidence < CONFIDENT
    assert guess.why == "“Close date” and “Closing date” fit equally well"
    assert guess.alternatives == ("Closing date",)


def test_guess_columns_never_gives_one_column_to_two_fields() -> None:
    wanted = (Field("starts", "Start", ("date",)), Field("ends", "End", ("date",)))
    guesses = guess_columns(["Date"], wanted)
    assert list(guesses) == ["starts"]
    assert not guesses["starts"].sure
    assert guesses["starts"].why == "“Date” could also be End"


def test_guess_columns_lets_a_misspelled_name_be_asked_about() -> None:
    guess = guess_columns(["Requird date"], WANTED)["needed"]
    assert not guess.sure
    assert guess.why == "“Requird date” is spelled like “required date”"


def test_guess_columns_leaves_out_what_nothing_resembles() -> None:
    guesses = guess_columns(["Colour", "Weight"], WANTED)
    assert guesses == {}
    assert [field.name for field in missing_fields(WANTED, guesses)] == ["name", "reference"]


def test_guess_columns_looks_at_the_values() -> None:
    headers = ["Close date", "Amount"]
    good = {"Close date": ["2027-03-12", ""], "Amount": ["€ 5", "7"]}
    bad = {"Close date": ["soon", "later"], "Amount": ["much", "little"]}
    assert all(guess.sure for guess in guess_columns(headers, WANTED, good).values())
    guesses = guess_columns(headers, WANTED, bad)
    assert not any(guess.sure for guess in guesses.values())
    assert guesses["closes"].why == "it is called “Close date”, but holds no dates"


def test_guess_columns_prefers_the_column_with_the_right_values() -> None:
    samples = {
        "Close date": ["", ""],
        "Closing date": ["2027-03-12"],
        "Required date": ["yes"],
        "Needed by": ["12.3.2027"],
    }
    guesses = guess_columns(list(samples), WANTED, samples)
    assert guesses["needed"].header == "Needed by"
