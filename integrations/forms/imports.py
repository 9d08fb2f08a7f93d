"""Forms of an import: the file, its columns, and what stages and products mean."""

from collections.abc import Mapping as Dictionary
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from commitments.models import Offering
from integrations.files.fields import FIELDS
from integrations.files.guessing import Sample
from integrations.files.mapping import FORMATS
from integrations.files.parsing import STATUSES
from integrations.models import FileImport
from tabular.columns import Guess

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

MEGABYTE = 1024 * 1024
NOT_THERE = "Not in this file"
COLUMN, QUESTION = "column_", "question_"


class UploadForm(forms.Form):
    """A file and what it holds."""

    file = forms.FileField(
        label="CSV or Excel file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty. Export it again."},
    )
    kind = forms.ChoiceField(label="It holds", initial=FileImport.Kind.DEALS)
    source = forms.CharField(
        label="System it comes from",
        required=False,
        max_length=60,
        help_text="Say so when files of several systems come in: their ids are then kept apart",
    )

    def __init__(self, *args: Any, may_import_promises: bool, **kwargs: Any) -> None:
        """Offer promises of the past only to those who may decide on promises."""
        super().__init__(*args, **kwargs)
        choices = [("deals", "Deals")]
        if may_import_promises:
            choices.append(("commitments", "Promises of the past, with their dates of delivery"))
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = choices
        self.fields["file"].help_text = f"Up to {settings.UPLOAD_MEGABYTES} MB; drop it here or choose it"

    def clean_file(self) -> "UploadedFile[bytes]":
        """Refuse what is too large before anything of it is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.UPLOAD_MEGABYTES * MEGABYTE:
            raise forms.ValidationError(
                f"The file has more than {settings.UPLOAD_MEGABYTES} MB. Split it into several files."
            )
        return file


class AnswerForm(forms.Form):
    """Which column holds which field, and how doubtful dates and numbers are meant."""

    def __init__(
        self,
        *args: Any,
        imported: FileImport,
        guesses: Dictionary[str, Guess],
        sample: Sample,
        **kwargs: Any,
    ) -> None:
        """Offer every column for every field, the guessed one chosen, with some of its values."""
        super().__init__(*args, **kwargs)
        self.imported = imported
        self.unsure: dict[str, str] = {}
        columns = [("", NOT_THERE), *((header, _with_values(header, sample)) for header in imported.headers)]
        known = imported.mapping.get("columns", {})
        for field in FIELDS[imported.kind]:
            guess = guesses.get(field.name)
            initial = known.get(field.name, guess.header if guess else "") or ""
            if guess and not guess.sure and field.name not in known:
                self.unsure[field.name] = guess.why
            self.fields[COLUMN + field.name] = forms.ChoiceField(
                label=field.label, choices=columns, initial=initial, required=False, help_text=field.help
            )
        # A column that holds something else than its field needs is answered by another column.
        self.asked = {
            f"{QUESTION}{number}": question
            for number, question in enumerate(imported.questions)
            if question["kind"] in FORMATS
        }
        for name, question in self.asked.items():
            self._ask(name, question)
        if imported.kind == FileImport.Kind.COMMITMENTS:
            self._ask_defaults()

    def _ask(self, name: str, question: dict[str, Any]) -> None:
        self.fields[name] = forms.ChoiceField(
            label=question["sentence"],
            choices=[(choice["value"], _choice_label(choice)) for choice in question["choices"]],
            widget=forms.RadioSelect,
            initial=question["suggested"],
            required=False,
        )

    def _ask_defaults(self) -> None:
        names = Offering.objects.filter(archived_at=None).order_by("name").values_list("name", flat=True)
        self.fields["offering"] = forms.ChoiceField(
            label="Offering of rows that name none",
            choices=[("", "None"), *((name, name) for name in names)],
            initial=self.imported.mapping.get("defaults", {}).get("offering", ""),
            required=False,
        )

    @property
    def columns(self) -> list[tuple[forms.BoundField, str]]:
        """Return the fields of the file with why their column is not sure, "" when it is."""
        names = [field.name for field in FIELDS[self.imported.kind]]
        return [(self[COLUMN + name], self.unsure.get(name, "")) for name in names]

    @property
    def questions(self) -> list[forms.BoundField]:
        """Return the questions about formats."""
        return [self[name] for name in self.asked]

    @property
    def wrong_kinds(self) -> list[str]:
        """Return sentences about columns that hold something else than their field needs."""
        return [each["sentence"] for each in self.imported.questions if each["kind"] == "columns"]

    def clean(self) -> dict[str, Any]:
        """Refuse one column for two fields, and an open question."""
        cleaned: dict[str, Any] = super().clean() or {}
        taken: dict[str, str] = {}
        for field in FIELDS[self.imported.kind]:
            header = cleaned.get(COLUMN + field.name)
            if header and header in taken:
                self.add_error(
                    COLUMN + field.name, f"“{header}” is chosen for {taken[header].lower()} already."
                )
            elif header:
                taken[header] = field.label
        for name, question in self.asked.items():
            still_used = cleaned.get(COLUMN + question["field"]) == question["column"]
            if still_used and not cleaned.get(name):
                self.add_error(name, "Choose one: both readings are possible.")
        return cleaned

    def refuse(self, column: str | None, sentence: str) -> None:
        """Show what the service refused beside its field, or above all when no field is meant."""
        name = f"{COLUMN}{column}"
        self.add_error(name if name in self.fields else None, sentence)

    def said(self) -> dict[str, Any]:
        """Return the answers as a mapping; what was said of a column that is not used now is dropped."""
        data = self.cleaned_data
        columns = {field.name: data[COLUMN + field.name] or None for field in FIELDS[self.imported.kind]}
        before = self.imported.mapping.get("columns", {})
        answer: dict[str, Any] = {"columns": columns}
        for kind in FORMATS:
            said = self.imported.mapping.get(kind, {}) | {
                question["field"]: data[name]
                for name, question in self.asked.items()
                if question["kind"] == kind and data.get(name)
            }
            answer[kind] = {
                name: value
                for name, value in said.items()
                if columns.get(name) and columns[name] == before.get(name)
            }
        if "offering" in self.fields:
            answer["defaults"] = {**self.imported.mapping.get("defaults", {}), "offering": data["offering"]}
        return answer


class WordsForm(forms.Form):
    """What the stages and products of a file mean."""

    def __init__(self, *args: Any, imported: FileImport, **kwargs: Any) -> None:
        """Offer open, won and lost for each stage, and the offerings for each product."""
        super().__init__(*args, **kwargs)
        self.words: dict[str, dict[str, Any]] = {}
        statuses = [(status, status.capitalize()) for status in STATUSES]
        for word in imported.words.get("stages", []):
            self._add("stages", word, statuses, word["means"])
        offerings = Offering.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        names = dict(offerings)
        choices = [("", "Not one of our offerings"), *((name, name) for name in names.values())]
        for word in imported.words.get("products", []):
            self._add("products", word, choices, names.get(word["means"], ""))

    def _add(self, key: str, word: dict[str, Any], choices: list[tuple[str, str]], initial: str) -> None:
        name = f"{key}-{word['word']}"
        self.words[name] = word
        self.fields[name] = forms.ChoiceField(
            label=word["word"] or "No stage", choices=choices, initial=initial, required=False
        )

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Return the words of one key with their field."""
        return [
            {"field": self[name], "word": word, "is_open": not self[name].value()}
            for name, word in self.words.items()
            if name.startswith(f"{key}-")
        ]

    @property
    def stages(self) -> list[dict[str, Any]]:
        """Return the stages with their field."""
        return self.rows("stages")

    @property
    def products(self) -> list[dict[str, Any]]:
        """Return the products with their field."""
        return self.rows("products")

    def said(self, mapping: dict[str, Any]) -> dict[str, Any]:
        """Return the mapping's words with those that were changed here."""
        answer = {key: dict(mapping.get(key, {})) for key in ("stages", "products")}
        for name in self.changed_data:
            key, _, word = name.partition("-")
            answer[key][word] = self.cleaned_data[name]
        return answer


def _with_values(header: str, sample: Sample) -> str:
    values = ", ".join(sample.shown(header))
    return f"{header} ({values[:60]}{'…' if len(values) > 60 else ''})" if values else f"{header} (empty)"


def _choice_label(choice: dict[str, Any]) -> str:
    read = "; ".join(f"{text} is {meaning}" for text, meaning in choice["examples"])
    return f"{choice['label'].capitalize()}{f': {read}' if read else ''}"
