"""Pools, the people and machines in them, their calendars and every change of them."""
