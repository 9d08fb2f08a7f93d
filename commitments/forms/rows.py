"""Forms with several rows, each a small form of its own; rows come and go without scripts."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from django import forms

F = TypeVar("F", bound=forms.Form)


class Rows(Generic[F]):
    """Rows `<prefix>-0-…`, `<prefix>-1-…` and how many there are in `<prefix>-count`.

    The buttons `<prefix>-add` and `<prefix>-remove` (its value says which row) change the rows, and
    `<prefix>-show` shows them again; they save nothing, and what was typed stays. Rows left wholly empty do
    not count.
    """

    def __init__(
        self,
        form: type[F],
        prefix: str,
        *,
        data: Mapping[str, Any] | None = None,
        initial: Sequence[Mapping[str, Any]] = (),
        most: int,
        **kwargs: Any,
    ) -> None:
        self.prefix, self.most = prefix, most
        buttons = (f"{prefix}-add", f"{prefix}-remove", f"{prefix}-show")
        self.is_changing = data is not None and any(button in data for button in buttons)
        self.is_bound = data is not None and not self.is_changing
        names = list(form.base_fields)
        rows = [dict(each) for each in initial] if data is None else self._typed(data, names)
        self.focus = -1
        if data is not None and self.is_changing:
            rows = self._changed(rows, data)
        self._filled = [any(str(row.get(name) or "").strip() for name in names) for row in rows]
        self.forms: list[F] = [
            form(
                data if self.is_bound else None,
                prefix=f"{prefix}-{number}",
                initial=row,
                use_required_attribute=False,
                **kwargs,
            )
            for number, row in enumerate(rows)
        ]
        if 0 <= self.focus < len(self.forms):
            first = next(iter(self.forms[self.focus].fields.values()))
            first.widget.attrs["autofocus"] = True

    def _typed(self, data: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
        text = str(data.get(f"{self.prefix}-count", ""))
        count = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        return [
            {name: data.get(f"{self.prefix}-{number}-{name}", "") for name in names}
            for number in range(min(count, self.most))
        ]

    def _changed(self, rows: list[dict[str, Any]], data: Mapping[str, Any]) -> list[dict[str, Any]]:
        gone = str(data.get(f"{self.prefix}-remove", ""))
        if gone.isascii() and gone.isdigit() and int(gone) < len(rows):
            return [row for number, row in enumerate(rows) if number != int(gone)]
        if f"{self.prefix}-add" in data and len(rows) < self.most:
            self.focus = len(rows)
            return [*rows, {}]
        return rows

    @property
    def may_grow(self) -> bool:
        """Return whether one more row may be added."""
        return len(self.forms) < self.most

    def is_valid(self) -> bool:
        """Return whether every row that says anything makes sense."""
        checked = [form.is_valid() for form in self.filled()]
        return all(checked)

    def filled(self) -> list[F]:
        """Return the rows that say anything."""
        return [form for form, filled in zip(self.forms, self._filled, strict=True) if filled]

    @property
    def has_errors(self) -> bool:
        """Return whether a row was refused."""
        return self.is_bound and any(form.errors for form in self.filled())
