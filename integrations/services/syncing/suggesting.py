"""Suggests which fields of a CRM hold a promise's date and quantity, by their names where nobody knows."""

from collections.abc import Mapping, Sequence

#: Words that speak for a field, the strongest first; a field of the wrong kind is never suggested.
WORDS: Mapping[str, tuple[str, Sequence[str]]] = {
    "promised_on": (
        "date",
        (
            "promised",
            "deliver",
            "install",
            "go live",
            "go-live",
            "completion",
            "requested",
            "required",
            "due",
        ),
    ),
    "earliest_start": ("date", ("earliest", "start", "available from", "site ready")),
    "quantity": ("number", ("quantity", "how many", "units", "number of")),
}
AGAINST = ("close", "created", "modified", "last ", "next ", "entered", "contract", "concord")


def suggested_fields(fields: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return our field: the key of the vendor's field that most likely holds it; nothing for a mere guess.

    What the provider itself can tell comes before the names.
    """
    found = {each["means"]: each["key"] for each in fields if each.get("means")}
    for name, (kind, words) in WORDS.items():
        if name in found:
            continue
        fitting = [each for each in fields if each["kind"] == kind and not _speaks_against(each)]
        for word in words:
            hit = next((each for each in fitting if word in each["label"].casefold()), None)
            if hit is not None and hit["key"] not in found.values():
                found[name] = hit["key"]
                break
    return found


def _speaks_against(field: Mapping[str, str]) -> bool:
    label = field["label"].casefold()
    return any(word in label for word in AGAINST)
