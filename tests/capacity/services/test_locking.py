import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from capacity.errors import NoSuchPool
from capacity.models import Pool
from capacity.services import locking
from capacity.services.locking import lock_pools
from capacity.services.pools import change_pool
from tenants.errors import Busy
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT, organization, person


def test_pools_are_locked_in_id_order_and_named_when_unknown(in_acme: Organization) -> None:
    first, second = make.pool(), make.pool("Fitters")
    assert lock_pools([second.pk, first.pk, second.pk]) == [first, second]
    assert lock_pools([]) == []
    with pytest.raises(NoSuchPool, match="There is no pool 4711"):
        lock_pools([4711, first.pk])


@contextmanager
def locked_elsewhere(organization_id: int, pool_id: int) -> Iterator[None]:
    """Keep a pool locked by another connection."""
    taken, finished = threading.Event(), threading.Event()

    def keep() -> None:
        with tenant_scope(organization_id):
            lock_pools([pool_id])
            taken.set()
            finished.wait(20)
        connection.close()

    thread = threading.Thread(target=keep)
    thread.start()
    assert taken.wait(10)
    try:
        yield
    finally:
        finished.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_pool_locked_by_another_writer_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LOCK_TIMEOUT", "50ms")
    acme = organization("Acme", admin=person("alice"))
    with tenant_scope(acme.pk):
        pool, free = make.pool(), make.pool("Fitters")
    with locked_elsewhere(acme.pk, pool.pk), tenant_scope(acme.pk):
        with pytest.raises(Busy, match="Try again in a moment"):
            change_pool(pool=pool, name="Mine", by=None, at=FOUNDED_AT)
        change_pool(pool=free, name="Ours", by=None, at=FOUNDED_AT)
    with tenant_scope(acme.pk):
        assert set(Pool.objects.values_list("name", flat=True)) == {"Electricians", "Ours"}
