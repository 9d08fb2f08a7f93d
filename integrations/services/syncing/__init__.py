"""Keeps connections to CRMs up to date: one page, one short task; every position saved with its rows.

credentials, limiter and opening get a provider ready; pulling, notifying and reconciling read; applying and
meanings bring what was read into deals; writing_back says the verdict; failing and scheduling decide when to
go on.
"""
