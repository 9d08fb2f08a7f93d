"""Starts the sandbox: python -m integrations.sandbox --port 8001 --every 20."""

import argparse
import os
import sys


def main() -> None:
    """Become gunicorn with one process and a few threads; --every 0 keeps the deals still."""
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--every", type=int, default=20, help="seconds between two changes; 0: none")
    said = parser.parse_args()
    application = f"integrations.sandbox.wsgi:alive({said.every})"
    served = ["--bind", f"127.0.0.1:{said.port}", "--threads", "4", "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", application, *served]
    os.execv(sys.executable, command)  # noqa: S606  a fixed command


if __name__ == "__main__":
    main()
