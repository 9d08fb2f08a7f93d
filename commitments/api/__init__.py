"""Offerings, deals, checks, commitments, flags and the ledger for programs."""
