"""Deals, offerings, promises with their decisions and ledger, and the flags of over-promises."""
