from datetime import date

import pytest

from capacity.errors import UnknownHolidays
from capacity.public_holidays import check_code, countries, holidays_words, public_holidays, regions_of


def test_holidays_differ_by_region() -> None:
    assert date(2027, 1, 6) in public_holidays("DE-BY", 2027)
    assert date(2027, 1, 6) not in public_holidays("DE", 2027)
    assert date(2027, 3, 31) in public_holidays("US-CA", 2027)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("XX", 'Public holidays "XX" are not known: use a country such as DE or a region such as DE-BY.'),
        ("de", 'Public holidays "de" are not known: use a country such as DE or a region such as DE-BY.'),
        ("SG-AB", 'Public holidays "SG-AB" are not known: SG has no region "AB". Leave the region out.'),
        ("DE-", 'Public holidays "DE-" are not known: DE has no region "".'),
    ],
)
def test_unknown_code_is_named(code: str, sentence: str) -> None:
    with pytest.raises(UnknownHolidays) as error:
        check_code(code)
    assert error.value.message.startswith(sentence)
    assert error.value.field == "holidays"


def test_countries_and_regions_have_names() -> None:
    assert ("DE", "Germany") in countries()
    assert ("BA", "Bosnia and Herzegovina") in countries()
    assert ("BY", "Bayern") in regions_of("DE")
    assert regions_of("XX") == ()
    assert holidays_words("US-CA") == "United States, California"
    assert holidays_words("") == ""
