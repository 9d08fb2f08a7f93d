import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from config import demo


def test_port_in_use_ends_with_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(demo.PortTaken) as refused:
            demo._require_free("127.0.0.1", port)
    assert str(refused.value) == (
        f"Concord cannot listen on 127.0.0.1:{port} (address already in use). "
        "Set PORT to another one, as in: PORT=8001 make demo"
    )
    demo._require_free("127.0.0.1", port)


def test_stop_ends_a_command_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manage.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(demo, "_root", lambda: tmp_path)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    demo._manage(stop, "migrate")
    demo._manage(stop, "demo_company")
    assert time.monotonic() - started < 10


def test_failed_command_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        demo._manage(threading.Event(), "no_such_command")
