"""A way to a server that breaks off: a TCP proxy that drops every connection once so many bytes have gone through."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class CutProxy:
    """Forwards to a port on loopback; `budget` bytes in all, either way, then resets; None lets all through.

    `stall`: no reset but silence, for as long as the proxy runs. `lose`: the answer to the next request that begins
    so is lost, once the server has done what was asked.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.budget: int | None = None
        self.stall = False
        self.lose: bytes | None = None
        self._over = threading.Event()
        self.cuts = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            lost = threading.Event()
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink, lost, source is far), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, lost: threading.Event, down: bool) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(16_384)) and self._may_pass(len(data)):
                if down and lost.is_set() and b" 100 " not in data[:20]:
                    break
                if not down and self.lose is not None and data.startswith(self.lose):
                    self.lose = None
                    lost.set()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _may_pass(self, size: int) -> bool:
        with self._lock:
            if self.budget is None:
                return True
            self.budget -= size
            spent = self.budget < 0
            self.cuts += spent
        if spent and self.stall:
            self._over.wait()
        return not spent
