import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import demo, warden


@pytest.fixture
def guard() -> Iterator[demo.Process]:
    """A warden that has nothing to end."""
    with warden.watch() as started:
        yield started
        warden.tell(started, warden.ALL_IS_WELL)


def test_port_in_use_ends_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "LET_GO_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(demo.PortTaken) as refused:
            demo._listen("127.0.0.1", port)
    assert str(refused.value) == (
        f"Concord cannot listen on 127.0.0.1:{port} (address already in use). "
        "Set PORT to another one, as in: PORT=8001 make demo"
    )
    demo._listen("127.0.0.1", port).close()


def test_host_that_is_not_here_is_named() -> None:
    with pytest.raises(demo.PortTaken) as refused:
        demo._listen("192.0.2.1", 8000)
    assert str(refused.value) == (
        "Concord cannot listen on 192.0.2.1:8000 (cannot assign requested address). "
        "Set HOST to an address of this machine, as in: HOST=127.0.0.1 make demo"
    )


def test_port_of_a_demo_that_was_killed_a_moment_ago_is_waited_for() -> None:
    other = socket.create_server(("127.0.0.1", 0))
    threading.Timer(0.5, other.close).start()
    with demo._listen("127.0.0.1", other.getsockname()[1]) as listener:
        assert listener.fileno() > 0


def test_stop_ends_a_command_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: demo.Process
) -> None:
    (tmp_path / "manage.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(demo, "_root", lambda: tmp_path)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    demo._manage(stop, guard, "migrate")
    demo._manage(stop, guard, "demo_company")
    assert time.monotonic() - started < 10


def test_failed_command_is_an_error(guard: demo.Process) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        demo._manage(threading.Event(), guard, "no_such_command")


def test_sandbox_takes_the_next_port_or_any() -> None:
    with demo._listen_beside(0) as first:
        port = first.getsockname()[1]
        with demo._listen_beside(port - 1) as second:
            assert second.getsockname()[1] not in (0, port)
    with demo._listen_beside(65535) as last:
        assert last.getsockname()[1] > 0


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")]
)
def test_address_is_one_that_people_of_this_machine_reach(host: str, address: str) -> None:
    with demo._listen(host, 0) as listener:
        assert demo._address(listener) == f"http://{address}:{listener.getsockname()[1]}"


def test_processes_are_told_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.os, "environ", {"CRM_ALLOWED_HOSTS": "crm.example.lan"})
    demo._tell_of_sandbox("http://127.0.0.1:8000", "http://127.0.0.1:8001")
    assert demo.os.environ == {
        "CRM_ALLOWED_HOSTS": "crm.example.lan,127.0.0.1",
        "CRM_SANDBOX_URL": "http://127.0.0.1:8001",
        "CRM_HOOKS_URL": "http://127.0.0.1:8000",
    }
