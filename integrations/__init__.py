"""Deals from outside: files now, CRMs beside them."""
