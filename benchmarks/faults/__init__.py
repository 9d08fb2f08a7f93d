"""What happens to a sync when things die: each run prints its figures and fails when one is wrong."""
