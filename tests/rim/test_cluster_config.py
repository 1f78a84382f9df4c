"""What `hub broker config --kind nats` writes, tried on the real cluster: by what is delivered, as PUBACK may lie.

One cluster serves all tests of this file, as it takes seconds to start; each test uses payloads of its own.
"""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hub_rig import CoordinatorProcess, Gateway, letters, wait_for
from secured_broker import HOST, Peer
from secured_cluster import SecuredCluster

from edge.commands.broker import main
from edge.commands.broker_nats import nodes_at
from edge.rim.authority import AuthorityFault
from edge.rim.nats import subjects
from simulators.broker import answers_connect

ROOT = "ehub-practice/v1/MY-KUL-1"
REFUSED = 0x80


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredCluster]:
    made = SecuredCluster(tmp_path_factory.mktemp("cluster"))
    made.cluster.start()
    yield made
    made.cluster.stop()


@pytest.fixture
def peers() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def join(peers: ExitStack, cluster: SecuredCluster, name: str, *topics: str, node: int = 0) -> Peer:
    peer = Peer(cluster, name, port=cluster.ports[node]).open(*topics)
    peers.callback(peer.close)
    return peer


READS = tuple(f"{ROOT}/{topic}" for topic in ("evt/+/+", "ckpt/+", "health/+", "state/#", "alert/+/+"))


@pytest.mark.system
def test_a_gateway_delivers_on_its_own_branches_through_another_node(
    cluster: SecuredCluster, peers: ExitStack
) -> None:
    coordinator = join(peers, cluster, "co-1", *READS, node=1)
    gateway = join(peers, cluster, "gw-01", node=2)
    own = [
        "evt/l1/gw-01",
        "evt/gw/gw-01",
        "ckpt/gw-01",
        "health/gw-01",
        "state/gateway/gw-01",
        "alert/gap/gw-01",
    ]

    for topic in own:
        gateway.say(f"{ROOT}/{topic}", b"mine")

    wait_for(
        lambda: (
            {topic for topic, payload in coordinator.heard if payload == b"mine"}
            == {f"{ROOT}/{topic}" for topic in own}
        ),
        "all delivered",
    )
    assert coordinator.refused == []


@pytest.mark.system
def test_what_a_gateway_says_on_other_branches_is_confirmed_and_reaches_nobody(
    cluster: SecuredCluster, peers: ExitStack
) -> None:
    """MQTT 3.1.1 has no word for a refusal: only the missing `ack` of the coordinator tells."""
    coordinator = join(peers, cluster, "co-1", *READS, node=1)
    other = join(peers, cluster, "gw-02", f"{ROOT}/dec/gw-02", f"{ROOT}/pre/#", f"{ROOT}/state/coordinator/+")
    gateway = join(peers, cluster, "gw-01")
    foreign = [
        "evt/l1/gw-02", "ckpt/gw-02", "health/gw-02", "state/gateway/gw-02", "alert/gap/gw-02",
        "dec/gw-02", "ack/gw-02", "pre/manifest", "state/coordinator/co-1", "evt/gw-01", "evt/l1/gw-01/more",
    ]  # fmt: skip

    for topic in foreign:
        gateway.say(f"{ROOT}/{topic}", b"forged")
    gateway.say(f"{ROOT}/evt/l1/gw-01", b"last")

    wait_for(lambda: (f"{ROOT}/evt/l1/gw-01", b"last") in coordinator.heard, "its own, after the others")
    assert b"forged" not in {payload for _, payload in coordinator.heard + other.heard}


@pytest.mark.system
def test_a_gateway_reads_what_is_for_it_and_nothing_of_another(
    cluster: SecuredCluster, peers: ExitStack
) -> None:
    wide = [
        f"{ROOT}/dec/gw-02",
        f"{ROOT}/dec/+",
        f"{ROOT}/#",
        "#",
        "ehub/v1/MY-KUL-1/#",
        "$MQTT/sub/#",
        "+/#",
    ]
    own = [f"{ROOT}/dec/gw-01", f"{ROOT}/ack/gw-01", f"{ROOT}/pre/#", f"{ROOT}/state/coordinator/+"]
    gateway = join(peers, cluster, "gw-01", *wide, *own, node=1)
    other = join(peers, cluster, "gw-02", node=2)
    coordinator = join(peers, cluster, "co-1")
    for kind in ("dec", "ack", "nak"):
        coordinator.say(f"{ROOT}/{kind}/gw-02", b"other's")
    other.say(f"{ROOT}/evt/l1/gw-02", b"other's")
    for topic in ("dec/gw-01", "ack/gw-01", "pre/manifest", "state/coordinator/co-1"):
        coordinator.say(f"{ROOT}/{topic}", b"for me")

    wait_for(
        lambda: len({topic for topic, payload in gateway.heard if payload == b"for me"}) == 4, "all four"
    )
    assert b"other's" not in {payload for _, payload in gateway.heard}
    assert gateway.refused == [REFUSED] * len(wide)


@pytest.mark.system
def test_a_client_without_a_certificate_is_refused(cluster: SecuredCluster) -> None:
    for port in cluster.ports:
        assert not answers_connect(HOST, port)
        with pytest.raises(OSError, match=r"(?i)handshake|certificate|eof|reset"):
            Peer(cluster, None, port=port).open()


@pytest.mark.system
def test_a_gateways_certificate_opens_no_route(cluster: SecuredCluster) -> None:
    """With one it could say anything to anybody."""
    routes, own = cluster.folder / "practice" / "routes", cluster.folder / "practice"

    assert shakes_hands(cluster.route_port, routes / "node-2")
    with pytest.raises(OSError, match=r"(?i)unknown|certificate|alert|eof|reset"):
        shakes_hands(cluster.route_port, own / "gw-01")


def shakes_hands(port: int, identity: Path) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Below 1.3 a refusal comes within the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(f"{identity}.crt", f"{identity}.key")
    with socket.create_connection((HOST, port), timeout=5) as plain, context.wrap_socket(plain) as secured:
        return secured.version() == "TLSv1.2"


@pytest.mark.system
@pytest.mark.parametrize("words", [{"user": "CN=co-1"}, {"user": "CN=co-1", "pass": ""}, {}])
def test_nobody_comes_by_the_protocol_of_nats(words: dict[str, str], cluster: SecuredCluster) -> None:
    """There a client could listen where the broker hands out what is for others."""
    log = cluster.cluster.log(cluster.cluster.nodes[0]).read_text()
    found = re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)", log)
    assert found is not None
    with socket.create_connection((HOST, int(found[1])), timeout=5) as plain:
        plain.sendall(b"CONNECT " + json.dumps({"verbose": True, **words}).encode() + b"\r\nPING\r\n")
        with plain.makefile("rb") as said:
            answers = said.read()

    assert b"-ERR 'Authorization Violation'" in answers
    assert b"PONG" not in answers


@pytest.mark.system
def test_events_and_decisions_travel_and_a_gateway_that_is_left_out_is_let_in_no_more(
    cluster: SecuredCluster, tmp_path: Path
) -> None:
    more = ["--tls", str(cluster.folder / "practice")]
    for port in cluster.ports[1:]:
        more += ["--broker", f"{HOST}:{port}"]
    coordinator = CoordinatorProcess(tmp_path / "coordinator", cluster.ports[0], more)
    gateway = Gateway(tmp_path / "gateway", 0, letters(), broker=cluster.entry("gw-01"))
    try:
        coordinator.start()
        gateway.start()
        gateway.tell(50)
        wait_for(lambda: gateway.settled(50), "all acknowledged", seconds=30)
        wait_for(lambda: len(gateway.core.answered()) == 50, "all answered")
    finally:
        gateway.stop()
        coordinator.stop()
    assert is_let_in(cluster, "gw-02")

    assert main(["revoke", str(cluster.folder), "practice", "gw-02"]) == 1
    cluster.write()
    cluster.restart()

    assert not is_let_in(cluster, "gw-02")
    assert is_let_in(cluster, "gw-01")


def is_let_in(cluster: SecuredCluster, name: str) -> bool:
    own = cluster.folder / "practice"
    context = ssl.create_default_context(cafile=str(own / "ca.crt"))
    context.load_cert_chain(own / f"{name}.crt", own / f"{name}.key")
    return answers_connect(HOST, cluster.ports[0], context)


def test_mqtt_filters_become_subjects_and_a_hash_covers_its_parent() -> None:
    assert subjects("ehub/v1/H/evt/+/gw-01") == ["ehub.v1.H.evt.*.gw-01"]
    assert subjects("ehub/v1/H/pre/#") == ["ehub.v1.H.pre", "ehub.v1.H.pre.>"]


def test_nodes_on_one_host_have_route_ports_of_their_own() -> None:
    nodes = nodes_at([("a", 1883), ("a", 1884), ("b", 1883)], 6222)

    assert [node.route_port for node in nodes] == [6222, 6223, 6222]
    with pytest.raises(AuthorityFault, match="--route-port"):
        nodes_at([("a", 1883), ("a", 1884)], 1884)


def test_a_config_that_names_fewer_nodes_than_asked_for_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = Path(__file__).parents[2] / "examples" / "bench.toml"

    assert main(["config", str(toml), "--kind", "nats", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "[broker] names 1 of 3 nodes" in told
    assert "others = [" in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--gateway", "node-2"], "gateway node-2 bears the name of a node"),
        (["--route-port", "21884"], "port 21884 of 127.0.0.1 can't be a node's route port"),
        (["--user", "nobody-of-that-name"], "there is no user nobody-of-that-name here"),
    ],
)
def test_what_can_not_be_a_cluster_is_refused_in_a_sentence(
    more: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    toml = tmp_path / "hub.toml"
    example = (Path(__file__).parents[2] / "examples" / "bench.toml").read_text()
    others = 'others = ["127.0.0.1:21884", "127.0.0.1:21885"]'
    toml.write_text(example.replace("port = 1883", f"port = 21883\n{others}"))

    assert main(["config", str(toml), "--kind", "nats", "--out", str(tmp_path / "out"), *more]) == 1
    assert told in capsys.readouterr().err
