"""Connections for programs."""
