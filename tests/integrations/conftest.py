"""An organization into which files are imported through the command, as programs do."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tenants.models import Organization
from tests.integrations.live_tryton import tryton  # noqa: F401  (fixture)

Importer = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def import_file(acme: Organization, tmp_path: Path) -> Importer:
    """Run import_deals on a text, bytes or a file; return its answer, with its exit code under "exit"."""

    def run(
        content: str | bytes | Path, mapping: dict[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        path = content if isinstance(content, Path) else tmp_path / options.pop("name", "deals.csv")
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if mapping is not None:
            said = tmp_path / "mapping.json"
            said.write_text(json.dumps(mapping))
            options["mapping"] = str(said)
        options.setdefault("organization", acme.slug)
        output, code = io.StringIO(), 0
        try:
            call_command("import_deals", file=str(path), stdout=output, **options)
        except SystemExit as stop:
            code = int(str(stop.code))
        return json.loads(output.getvalue()) | {"exit": code}

    return run
