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
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except (env.SettingError, embedded.EmbeddedServiceError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
