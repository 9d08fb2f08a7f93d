#!/usr/bin/env python
"""Runs a management command, starting the embedded services when no address is given."""

import os
import sys

from config import embedded, env


def main() -> None:
    """Run the command of the command line; a wrong setting ends it with one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        embedded.provide()
        _execute(sys.argv)
    except (env.SettingError, embedded.EmbeddedServiceError) as error:
        sys.exit(str(error))


def _execute(arguments: list[str]) -> None:
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(arguments)
    except OperationalError as error:
        name = "DATABASE_OWNER_URL" if arguments[1:2] == ["migrate"] else "DATABASE_URL"
        sys.exit(f"The database of {name} says: {error}")


if __name__ == "__main__":
    main()
