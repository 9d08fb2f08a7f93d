"""A real PostgreSQL and Redis for the tests, loaded as a plugin before Django reads its settings.

Every process of a parallel run has its own database and its own Redis database on the same servers, and
its addresses are in the environment, so that workers and web servers started by a test use them too.
"""

import os
import tempfile
from pathlib import Path

from config import embedded

HOME = Path(os.environ.get("CONCORD_TEST_HOME") or tempfile.mkdtemp(prefix="concord-tests-"))
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"test_{PROCESS}"
CLEARED = """
    DATABASE_URL DATABASE_OWNER_URL REDIS_URL EMAIL_URL SITE_URL PORT CRM_SANDBOX_URL CRM_HOOKS_URL
""".split()


def _start() -> None:
    for name in CLEARED:
        os.environ.pop(name, None)
    os.environ["CONCORD_TEST_HOME"] = str(HOME)
    os.environ["CONCORD_HOME"] = str(HOME / PROCESS)
    os.environ["CONCORD_CARELESS"] = "yes"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    (HOME / PROCESS).mkdir(parents=True, exist_ok=True)
    embedded.provide(HOME)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ[name] = os.environ[name].replace(f"/{embedded.DATABASE}?", f"/{DATABASE}?")
    number = int(PROCESS.removeprefix("gw")) + 1 if PROCESS.startswith("gw") else 0
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].removesuffix("/0") + f"/{number}"


_start()
