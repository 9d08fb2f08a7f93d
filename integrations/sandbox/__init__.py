"""Sandbox CRM: a little CRM that speaks HubSpot's API on this machine, for the demo and for trying out.

A process of its own (python -m integrations.sandbox) with a Django of its own: no database, one JSON file.
"""

TOKEN = "sandbox-token"  # noqa: S105  its own pages say it aloud
ACCOUNT = "7001"
