"""Pools, resources and changes of capacity for programs."""
