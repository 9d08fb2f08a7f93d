"""What people say of a file: the file, its columns, how its dates and numbers are written, and its words."""

from typing import Any

from django import forms
from django.conf import settings

from integrations.files.fields import fields_of
from integrations.files.guessing import Sample
from integrations.models import FileImport
from tabular.columns import Guess

STATUSES = [("open", "Open"), ("won", "Won"), ("lost", "Lost")]


class UploadForm(forms.Form):
    """A file and what its rows are."""

    file = forms.FileField(
        label="File", help_text="CSV or Excel, as any CRM or spreadsheet exports it", allow_empty_file=True
    )
    kind = forms.ChoiceField(label="Its rows are", choices=FileImport.Kind.choices, required=False)

    def clean_file(self) -> Any:
        """Refuse a file that is too large before anything reads it."""
        file = self.cleaned_data["file"]
        if file.size > settings.UPLOAD_MEGABYTES * 1024 * 1024:
            raise forms.ValidationError(
                f"The file has more than {settings.UPLOAD_MEGABYTES} MB. Split it into several files."
            )
        return file

    def clean_kind(self) -> str:
        """Take deals when nothing is said."""
        return self.cleaned_data["kind"] or FileImport.Kind.DEALS


class AnswerForm(forms.Form):
    """A column for each field and an answer to each question; `said()` is the mapping for the service."""

    def __init__(
        self, imported: FileImport, guesses: dict[str, Guess], sample: Sample, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.imported = imported
        columns = imported.mapping.get("columns", {})
        for name, of in fields_of(imported.kind).items():
            guess = guesses.get(name)
            header = columns.get(name) or (guess.header if guess and name not in columns else "")
            unsure = bool(guess and not guess.sure and guess.header == header)
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=of.label,
                required=False,
                initial=header,
                help_text=_hint(of.help, sample, header, guess if unsure else None),
                choices=[("", "Not in the file"), *((each, each) for each in imported.headers)],
            )
        for number, question in enumerate(imported.questions):
            if question["choices"]:
                self.fields[f"question_{number}"] = forms.ChoiceField(
                    label=question["sentence"],
                    initial=question["suggested"],
                    choices=[(each["value"], _choice(each)) for each in question["choices"]],
                )

    def said(self) -> dict[str, Any]:
        """Return what was answered, as M.json would say it."""
        said: dict[str, Any] = {
            "columns": {
                name.removeprefix("column_"): value or None
                for name, value in self.cleaned_data.items()
                if name.startswith("column_")
            }
        }
        for number, question in enumerate(self.imported.questions):
            if answer := self.cleaned_data.get(f"question_{number}"):
                kept = dict(self.imported.mapping.get(question["kind"], {}))
                said.setdefault(question["kind"], kept)[question["field"]] = answer
        return said


def _hint(help_text: str, sample: Sample, header: str | None, unsure: Guess | None) -> str:
    parts = [help_text] if help_text else []
    if header and (shown := sample.shown(header)):
        parts.append(f"as in {', '.join(shown)}")
    if unsure:
        parts.append(f"please check: {unsure.why}")
    return "; ".join(parts)


def _choice(choice: dict[str, Any]) -> str:
    examples = ", ".join(f"{text} is {read}" for text, read in choice["examples"][:2])
    return f"{choice['label']}: {examples}" if examples else str(choice["label"])


class WordsForm(forms.Form):
    """What stages and products of the file mean here."""

    def __init__(self, imported: FileImport, offerings: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stages = imported.words.get("stages", [])[:60]
        self.products = imported.words.get("products", [])[:60]
        for number, word in enumerate(self.stages):
            self.fields[f"stage_{number}"] = forms.ChoiceField(
                label=word["word"] or "(empty)", choices=STATUSES, initial=word["means"]
            )
        names = [("", "Nothing yet"), *((name, name) for name in offerings)]
        for number, word in enumerate(self.products):
            self.fields[f"product_{number}"] = forms.ChoiceField(
                label=word["word"], choices=names, initial=word["means"] or "", required=False
            )

    def said(self, mapping: dict[str, Any]) -> dict[str, Any]:
        """Return the words as M.json would say them, with those said before."""
        stages, products = dict(mapping.get("stages", {})), dict(mapping.get("products", {}))
        for number, word in enumerate(self.stages):
            stages[word["word"]] = self.cleaned_data[f"stage_{number}"]
        for number, word in enumerate(self.products):
            products.pop(word["word"], None)
            if meaning := self.cleaned_data[f"product_{number}"]:
                products[word["word"]] = meaning
        return {"stages": stages, "products": products}
