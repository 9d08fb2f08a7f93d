"""Screens over several subjects, and the demo company."""
