"""A Mosquitto run with what `hub broker config --certs` wrote, and plain MQTT 5 clients with its certificates."""

import ssl
import subprocess
import time
from pathlib import Path
from typing import Final, Protocol

from brokers import need
from hub_rig import ROOT, wait_for
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.commands.broker import main
from hub_config.broker import BrokerTls
from simulators.broker import free_port, mosquitto_path, start_leashed

HOST: Final = "127.0.0.1"


class SecuredBroker:
    """Of hub MY-KUL-1, with gateways gw-01 and gw-02 and coordinator co-1, live and practice."""

    version = MQTTProtocolVersion.MQTTv5

    def __init__(self, folder: Path) -> None:
        need("mosquitto")
        self.folder = folder / "broker"
        self.practice_port, self.live_port = free_port(), free_port()
        self.toml = folder / "broker-hub.toml"
        example = (ROOT / "examples" / "bench.toml").read_text()
        self.toml.write_text(example.replace("port = 1883", f"port = {self.practice_port}"))
        self.write()
        self._process: subprocess.Popen[bytes] | None = None

    def write(self) -> None:
        words = [
            "config",
            str(self.toml),
            "--out",
            str(self.folder),
            "--certs",
            "--gateway",
            "gw-02",
            "--it",
            "it-1",
        ]
        assert main([*words, "--second-port", str(self.live_port), "--user", "root"]) == 0

    def start(self) -> None:
        mosquitto = mosquitto_path()
        assert mosquitto is not None
        with (self.folder / "log").open("ab") as log:
            self._process = start_leashed([mosquitto, "-c", str(self.folder / "mosquitto.conf")], log)
        wait_for(lambda: Peer(self, "co-1").connects(), "the broker is up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def tls(self, name: str, mode: str = "practice", server_name: str | None = None) -> BrokerTls:
        folder = self.folder / mode
        ca, cert, key = (str(folder / file) for file in ("ca.crt", f"{name}.crt", f"{name}.key"))
        return BrokerTls(ca=ca, cert=cert, key=key, server_name=server_name)


class _Closing(ssl.SSLSocket):
    """paho leaves a socket open whose handshake failed."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Secured(Protocol):
    """A broker with certificates; its folder holds one of them for each mode."""

    folder: Path
    practice_port: int
    live_port: int
    version: MQTTProtocolVersion


class Peer:
    """One client; `name` None shows no certificate."""

    def __init__(
        self, broker: Secured, name: str | None, mode: str = "practice", port: int | None = None
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.codes: dict[int, int] = {}
        self.joined: list[int] = []
        self.granted: list[int] = []
        self.refused: list[int] = []
        self._port = port or (broker.practice_port if mode == "practice" else broker.live_port)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = _Closing
        context.load_verify_locations(broker.folder / mode / "ca.crt")
        # Below 1.3 a refusal comes while dialling, so that no test waits for one.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        if port is not None:
            context.verify_mode = ssl.CERT_NONE
        if name is not None:
            context.load_cert_chain(
                broker.folder / mode / f"{name}.crt", broker.folder / mode / f"{name}.key"
            )
        self._paho = Client(
            CallbackAPIVersion.VERSION2,
            f"{name}-peer-{time.monotonic_ns()}",
            protocol=broker.version,
        )
        self._paho.tls_set_context(context)
        self._paho.on_connect = lambda _c, _d, _f, code, _p: self.joined.append(code.value)
        self._paho.on_subscribe = self._subscribed
        self._paho.on_publish = lambda _c, _d, mid, code, _p: self.codes.update({mid: code.value})
        self._paho.on_message = self._hear

    def _subscribed(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _properties: object
    ) -> None:
        self.refused += [code.value for code in codes if code.is_failure]
        self.granted.append(len(codes))

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def connects(self) -> bool:
        """Tries once, and leaves."""
        try:
            self.open()
        except OSError:
            return False
        self.close()
        return True

    def open(self, *topics: str) -> "Peer":
        """Connected and subscribed. Raises OSError where the handshake is refused."""
        self._paho.connect(HOST, self._port)
        self._paho.loop_start()
        wait_for(lambda: self.joined == [0], "CONNACK")
        for topic in topics:
            self._paho.subscribe(topic, 1)
        wait_for(lambda: len(self.granted) == len(topics), "SUBACK")
        return self

    def say(self, topic: str, payload: bytes = b"x") -> int:
        """The reason code of its PUBACK."""
        mid = self._paho.publish(topic, payload, qos=1).mid
        wait_for(lambda: mid in self.codes, f"PUBACK of {topic}")
        return self.codes[mid]

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()
