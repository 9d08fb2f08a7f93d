"""Tests that share a server stay in one process of a parallel run."""

import os

import pytest


@pytest.mark.xdist_group("house")
def test_a_group_stays_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist hands a group out by the end of its tests' names, and is silent when a pytest hides it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("not a parallel run")
    assert request.node.nodeid.endswith("@house")
