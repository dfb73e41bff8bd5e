"""A Redis server of one's own: on a free port of loopback, without files, gone afterwards."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.airflow.harness import free_port
from tests.patience import PATIENCE, until


@contextmanager
def redis() -> Iterator[str]:
    """Run a server for as long as the block lasts, and give its URL."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("no Redis on this machine: apt-get install redis-server")
    port = free_port()
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([program, *settings], stdout=subprocess.DEVNULL)
    try:
        until(lambda: _listens(server, port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def _listens(server: subprocess.Popen[bytes], port: int) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"redis-server ended with {server.returncode} at its start")
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
