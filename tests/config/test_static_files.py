"""The site as the container runs it: styles and scripts collected under names with a digest."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = """
import django
django.setup()
from django.test import Client
answer = Client(headers={"Host": "localhost"}).get("/accounts/login/")
print(answer.status_code, answer.content.decode())
"""


def _run(static_root: Path, *command: str) -> str:
    environment = os.environ | {"STATIC_ROOT": str(static_root), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_pages_name_the_collected_files(db: None, tmp_path: Path) -> None:
    static_root = tmp_path / "collected"
    _run(static_root, "manage.py", "collectstatic", "--noinput")
    page = _run(static_root, "-c", PAGE)
    assert page.startswith("200 ")
    named = re.findall(r'/static/([^"]+)', page)
    assert re.search(r"css/base\.[0-9a-f]{12}\.css", " ".join(named))
    assert [name for name in named if not (static_root / name).is_file()] == []
