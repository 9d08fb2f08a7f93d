"""A TCP proxy on this machine that can swallow bytes: connections stay open and nothing arrives."""

import selectors
import socket
import threading
import time
from types import TracebackType


class Hole:
    """Passes everything on to a port, except while it swallows."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.swallowed = 0
        self._until = 0.0
        self._open = True

    def swallow(self, seconds: float) -> None:
        """Let nothing through for so long, in either direction."""
        self._until = time.monotonic() + seconds

    def __enter__(self) -> "Hole":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()

    def _pass(self, near: socket.socket, far: socket.socket) -> None:
        ways = {near: far, far: near}
        with selectors.DefaultSelector() as ready, near, far:
            for end in ways:
                ready.register(end, selectors.EVENT_READ)
            while self._open:
                for key, _ in ready.select(timeout=1):
                    end = key.fileobj
                    assert isinstance(end, socket.socket)
                    try:
                        data = end.recv(65536)
                        if not data:
                            return
                        if time.monotonic() < self._until:
                            self.swallowed += len(data)
                        else:
                            ways[end].sendall(data)
                    except OSError:
                        return
