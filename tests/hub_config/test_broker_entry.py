"""The [broker] table: several addresses, TLS files, and what is refused."""

from pathlib import Path

import pytest

from hub_config.broker import OTHERS_MAX, Broker, parse_address
from hub_config.load import check, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"


def config(folder: Path, lines: str) -> Path:
    text = EXAMPLE.read_text()
    path = folder / "hub.toml"
    path.write_text(text.replace("port = 1883\n", f"port = 1883\n{lines}\n", 1))
    return path


def test_one_broker_needs_host_and_port_only() -> None:
    assert Broker(host="broker.hub", port=8883).addresses == (("broker.hub", 8883),)


def test_further_addresses_follow_in_order(tmp_path: Path) -> None:
    path = config(tmp_path, 'others = ["broker-2.hub:1883", "[::1]:1884"]')

    assert load(path).broker.addresses == (("127.0.0.1", 1883), ("broker-2.hub", 1883), ("::1", 1884))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('others = ["broker-2.hub"]', '"broker-2.hub" is no address; a host, a colon and a port'),
        ('others = ["a:0"]', '"a:0" is no address'),
        ('others = ["a:70000"]', '"a:70000" is no address'),
        ('others = ["127.0.0.1:1883"]', '"127.0.0.1:1883" is listed twice; each address once'),
        (
            f"others = {[f'b-{n}:1883' for n in range(OTHERS_MAX + 1)]}".replace("'", '"'),
            "8 entries are too many",
        ),
        (
            'tls = {ca = "ca.crt", cert = "/c", key = "/k"}',
            '"ca.crt" is no path of a file; a path from the root',
        ),
        ('tls = {ca = "/ca.crt", cert = "/c"}', "key"),
    ],
)
def test_what_can_not_be_is_refused_in_words(lines: str, words: str, tmp_path: Path) -> None:
    (fault,) = check(config(tmp_path, lines))

    assert words in str(fault)
    assert "broker" in fault.where


@pytest.mark.parametrize("text", ["", ":1", "a:", "a:b", "a b:1", "[::1:1", "a:1:2"])
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None
