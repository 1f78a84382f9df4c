"""The files of [broker.tls]: each fault is one sentence that names the file and the next step."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.rim.authority import Authority, AuthorityFault
from edge.rim.tls import BrokerIdentity, TlsFault
from hub_config.broker import BrokerTls


def now() -> datetime:
    """Of the test, not of the run's beginning: a certificate begins a few minutes before it is made."""
    return datetime.now(UTC)


@pytest.fixture
def identity(tmp_path: Path) -> BrokerIdentity:
    authority = Authority(tmp_path, "MY-KUL-1 live")
    cert, key = authority.issue("gw-01")
    return BrokerIdentity(BrokerTls(ca=str(tmp_path / "ca.crt"), cert=str(cert), key=str(key)), "gw-01")


def test_a_whole_set_passes_in_silence_and_gives_a_context(identity: BrokerIdentity) -> None:
    assert identity.check(now()) is None
    assert identity.context(lambda _: None).check_hostname


@pytest.mark.parametrize("field", ["ca", "cert", "key"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "can't be read: No such file or directory"),
        (lambda path: path.write_bytes(b"not PEM"), "in PEM"),
    ],
)
def test_a_missing_or_broken_file_is_named(
    field: str, damage: Callable[[Path], object], words: str, identity: BrokerIdentity
) -> None:
    path = Path(getattr(identity.files, field))
    damage(path)

    with pytest.raises(TlsFault) as refused:
        identity.check(now())

    said = str(refused.value)
    assert said.startswith(f"[broker.tls] {field} {path} ")
    assert words in said
    assert "\n" not in said


def test_a_folder_in_place_of_a_file_is_named(identity: BrokerIdentity, tmp_path: Path) -> None:
    files = identity.files.model_copy(update={"ca": str(tmp_path)})

    with pytest.raises(TlsFault, match="Is a directory"):
        replace(identity, files=files).check(now())


def test_a_certificate_that_has_ended_or_not_begun_says_its_date(identity: BrokerIdentity) -> None:
    with pytest.raises(TlsFault, match=r"ended on [0-9-]{10}; get a new one"):
        identity.check(now() + timedelta(days=800))
    with pytest.raises(TlsFault, match=r"begins on .* UTC; is this computer's clock right\?"):
        identity.check(now() - timedelta(days=1))


def test_a_certificate_that_ends_soon_is_said_ahead(identity: BrokerIdentity) -> None:
    assert "ends on" in str(identity.check(now() + timedelta(days=701)))


def test_a_certificate_of_another_gateway_is_refused(identity: BrokerIdentity) -> None:
    with pytest.raises(TlsFault, match=r"is of gw-01; .* wants gw-02"):
        replace(identity, name="gw-02").check(now())


def test_a_key_that_others_can_read_is_refused(identity: BrokerIdentity) -> None:
    Path(identity.files.key).chmod(0o640)

    with pytest.raises(TlsFault, match="chmod 600"):
        identity.check(now())


def test_a_key_of_another_certificate_is_refused(identity: BrokerIdentity, tmp_path: Path) -> None:
    _, other = Authority(tmp_path, "").issue("gw-02")
    files = identity.files.model_copy(update={"key": str(other)})

    with pytest.raises(TlsFault, match="not the key of cert"):
        replace(identity, files=files).check(now())


def test_what_the_authority_has_made_is_kept_and_private(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "MY-KUL-1 live").issue("gw-01")
    before = [path.read_bytes() for path in (*pair, tmp_path / "ca.key")]

    again = Authority(tmp_path, "other").issue("gw-01")

    assert [path.read_bytes() for path in (*again, tmp_path / "ca.key")] == before
    assert [path.stat().st_mode & 0o777 for path in (pair[1], tmp_path / "ca.key")] == [0o600, 0o600]


def test_a_revoked_pair_goes_and_the_next_is_another(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "MY-KUL-1 live")
    first = authority.issue("gw-01")[0].read_bytes()
    authority.revoke("gw-01")
    authority.write_crl()
    assert len(authority._revoked()) == 1

    assert authority.issue("gw-01")[0].read_bytes() != first
    with pytest.raises(AuthorityFault, match="no certificate of gw-09"):
        authority.revoke("gw-09")
