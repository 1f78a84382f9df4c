"""Configurations and orders that the hub's IT sends: signed, versioned, once a key, and none that releases."""

import json
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from test_forged_messages import GATEWAY, HUB, IT, ORDERED, TRUST, signed

from drivers.reading import OrderAnswered
from drivers.tap import Tap
from edge.core.event import WallTime
from edge.core.gateway import Gateway
from edge.core.inputs import ConfigOffered, Input
from edge.rim.it_desk import ANSWER, KEYS_MAX, UNDER_WAY_MAX, VALID_MAX_US, ItDesk
from edge.rim.offered_config import OFFER_FILE, OfferedConfig
from edge.wire.canonical import WireError
from edge.wire.it_orders import TOML_CHARS_MAX, ScaleWord
from edge.wire.signing import Signer
from edge.wire.topics import Topics
from edge.wire.utc import rfc3339
from hub_config.load import load
from hub_config.names import DeviceId, Instant

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"
TEXT = EXAMPLE.read_text()
TOPICS = Topics("practice", HUB, GATEWAY)
NOW_US = 1_795_306_502_000_000
OURS = Signer(SigningKey(bytes(range(1, 33))))
SCALE = DeviceId("scale-1")


class Sent:
    """A link that takes what is published, or not."""

    def __init__(self) -> None:
        self.is_open = True
        self.results: list[dict[str, Any]] = []

    def publish(self, topic: str, payload: bytes, **_: object) -> int | None:
        assert topic == TOPICS.result(SCALE)
        self.results.append(json.loads(payload)["data"])
        return 1


class Scales:
    def __init__(self) -> None:
        self.taps = {SCALE: Tap(), DeviceId("scan-1"): Tap()}
        self.ordered: list[tuple[DeviceId, ScaleWord]] = []

    def tap(self, device: DeviceId) -> Tap | None:
        return self.taps.get(device)

    def order(self, device: DeviceId, order: ScaleWord) -> int | None:
        if device != SCALE:
            return None
        self.ordered.append((device, order))
        return len(self.ordered)

    def answer(self, number: int, *, accepted: bool = True, detail: str = "ok") -> None:
        answer = OrderAnswered(SCALE, Instant(1), number, accepted, detail)
        self.taps[SCALE].record("in", Instant(1), b"Z A\r\n", b"", [answer])


class Desk:
    def __init__(self, folder: Path) -> None:
        self.inputs: list[Input] = []
        self.scales, self.link = Scales(), Sent()
        self.folder = folder
        self.it = ItDesk(
            OfferedConfig(folder, load(EXAMPLE), TRUST, TOPICS), lambda: self.scales, TRUST, TOPICS, OURS, self,
            lambda: WallTime(NOW_US, 1_000, "ntp"),
        )  # fmt: skip

    def put(self, given: Input) -> None:
        self.inputs.append(given)

    def config(self, version: int, toml: str = TEXT) -> None:
        payload = signed(ORDERED | {"version": version, "toml": toml}, IT)
        assert self.it.arrived(TOPICS.config, payload, Instant(7))

    def command(self, key: str = "k1", command: str = "zero", until_us: int = NOW_US + 10**7) -> None:
        data = ORDERED | {"device": SCALE, "key": key, "command": command, "until": rfc3339(until_us)}
        assert self.it.arrived(TOPICS.command(SCALE), signed(data, IT), Instant(0))

    def told(self, at: int = 0) -> list[dict[str, Any]]:
        self.it.tend(self.link, Instant(at))  # type: ignore[arg-type]  # publishes only
        return self.link.results


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def changed(text: str = TEXT) -> str:
    return text.replace('min_load = "20 g"', 'min_load = "30 g"')


# -- cfg --------------------------------------------------------------------------------------------------------------


def test_a_good_configuration_is_accepted_told_and_used_from_the_next_start(desk: Desk) -> None:
    desk.config(3, changed())
    (given,) = desk.inputs
    assert isinstance(given, ConfigOffered)
    assert (given.version, given.refused) == (3, None)
    (record,) = Gateway(load(EXAMPLE), b"0123456789abcdef").step(given)

    assert "accepted" in repr(record)
    accepted = OfferedConfig(desk.folder, load(EXAMPLE), TRUST, TOPICS).accepted()
    assert accepted is not None
    assert accepted[0] == 3
    assert accepted[1].benches[0].min_load_mg == 30_000


def test_a_faulty_one_is_refused_with_its_lines_and_changes_nothing(desk: Desk) -> None:
    desk.config(1, TEXT.replace('mode = "practice"', 'mode = "fun"'))
    (given,) = desk.inputs

    assert isinstance(given, ConfigOffered)
    assert given.refused is not None
    assert "hub.mode" in given.refused
    assert OfferedConfig(desk.folder, load(EXAMPLE), TRUST, TOPICS).accepted() is None


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('id = "co-1"', 'id = "co-2"', "coordinator"),
        ("port = 1883", "port = 1884", "broker"),
        ('roles = ["release", "hold", "ack"]', 'roles = ["release", "hold", "ack", "config"]', "trust"),
    ],
)
def test_whom_a_gateway_believes_is_not_changed_from_afar(desk: Desk, old: str, new: str, part: str) -> None:
    assert TEXT.count(old) == 1
    desk.config(1, TEXT.replace(old, new))
    (given,) = desk.inputs

    assert isinstance(given, ConfigOffered)
    assert given.refused == f"it changes {part}, which is set at the gateway only"


def test_the_retained_copy_is_looked_at_once_also_over_a_restart(desk: Desk) -> None:
    desk.config(2, changed())
    desk.config(2, changed())
    again = Desk(desk.folder)
    again.config(2, changed())

    assert len(desk.inputs) == 1
    assert again.inputs == []


@pytest.mark.parametrize("version", [1, 2])
def test_versions_only_rise(desk: Desk, version: int) -> None:
    desk.config(2, changed())
    with pytest.raises(WireError) as refused:
        desk.config(version, TEXT)

    assert refused.value.reason == "old_version"
    assert len(desk.inputs) == 1


def test_a_file_that_was_changed_since_has_the_last_word(desk: Desk, tmp_path: Path) -> None:
    desk.config(1, changed())
    other = tmp_path / "other.toml"
    other.write_text(TEXT.replace('min_load = "20 g"', 'min_load = "25 g"'))

    assert OfferedConfig(desk.folder, load(other), TRUST, TOPICS).accepted() is None


def test_an_accepted_one_whose_signature_is_not_believed_any_more_is_not_used(desk: Desk) -> None:
    desk.config(1, changed())
    kept = json.loads((desk.folder / OFFER_FILE).read_text())
    kept["accepted"] = kept["accepted"].replace("30 g", "40 g")
    (desk.folder / OFFER_FILE).write_text(json.dumps(kept))
    assert OfferedConfig(desk.folder, load(EXAMPLE), TRUST, TOPICS).accepted() is None

    (desk.folder / OFFER_FILE).write_text("{")
    assert OfferedConfig(desk.folder, load(EXAMPLE), TRUST, TOPICS).accepted() is None


def test_the_largest_text_fits_a_message() -> None:
    assert len(signed(ORDERED | {"version": 1, "toml": "x" * TOML_CHARS_MAX}, IT)) < 65_536


# -- cmd --------------------------------------------------------------------------------------------------------------


def test_an_order_is_carried_out_and_its_result_told(desk: Desk) -> None:
    desk.command()
    assert desk.told() == []
    assert desk.it.wake_at(Instant(0)) is not None
    desk.scales.answer(1)

    (result,) = desk.told()
    assert (result["key"], result["outcome"], result["detail"]) == ("k1", "done", "ok")
    assert desk.scales.ordered == [(SCALE, "zero")]
    assert desk.it.wake_at(Instant(0)) is None


def test_the_same_key_is_carried_out_once_and_gets_the_same_result(desk: Desk) -> None:
    desk.command()
    desk.command()  # it comes twice while it is under way
    desk.scales.answer(1, accepted=False, detail="not_executable")
    desk.told()
    desk.command(command="tare", until_us=NOW_US - 1)

    assert [(one["outcome"], one["detail"]) for one in desk.told()] == [("refused", "not_executable")] * 2
    assert len(desk.scales.ordered) == 1


def test_a_device_that_says_nothing_is_told_so(desk: Desk) -> None:
    desk.command()

    assert [one["outcome"] for one in desk.told(ANSWER)] == ["unanswered"]


@pytest.mark.parametrize(("device", "detail"), [("scale-9", "no such device"), ("scan-1", "it is no scale")])
def test_what_is_no_scale_takes_no_order(desk: Desk, device: str, detail: str) -> None:
    data = ORDERED | {"device": device, "key": "k", "command": "zero", "until": rfc3339(NOW_US + 1_000_000)}
    desk.it.arrived(TOPICS.command(device), signed(data, IT), Instant(0))

    assert [(one.outcome, one.detail) for one in desk.it._results] == [("refused", detail)]
    assert desk.scales.ordered == []


@pytest.mark.parametrize("until_us", [NOW_US, NOW_US + VALID_MAX_US + 1])
def test_an_order_out_of_its_time_is_refused(desk: Desk, until_us: int) -> None:
    """The clock is taken pessimistically: it may be 1 ms later than it says."""
    with pytest.raises(WireError) as refused:
        desk.command(until_us=until_us)

    assert refused.value.reason == "command_late"
    assert desk.scales.ordered == []


def test_an_order_for_another_device_than_its_topic_says_is_refused(desk: Desk) -> None:
    data = ORDERED | {"device": "scan-1", "key": "k", "command": "zero", "until": rfc3339(NOW_US + 1_000_000)}
    with pytest.raises(WireError) as refused:
        desk.it.arrived(TOPICS.command(SCALE), signed(data, IT), Instant(0))

    assert refused.value.reason == "wrong_device"


def test_at_the_bounds_further_orders_are_refused_and_the_oldest_key_forgotten(desk: Desk) -> None:
    for number in range(UNDER_WAY_MAX + 1):
        desk.command(f"k{number}")
    assert [one["outcome"] for one in desk.told()] == ["refused"]
    assert len(desk.scales.ordered) == UNDER_WAY_MAX
    for number in range(KEYS_MAX):
        desk.command(f"m{number}")

    assert len(desk.it._known) == KEYS_MAX
    assert "k0" not in desk.it._known


def test_a_result_waits_for_the_broker(desk: Desk) -> None:
    desk.link.is_open = False
    desk.command()
    desk.scales.answer(1)
    assert desk.told() == []
    desk.link.is_open = True

    assert len(desk.told()) == 1
    assert len(desk.told()) == 1


def test_other_topics_are_not_its() -> None:
    assert TOPICS.commanded(TOPICS.decision) is None
    assert TOPICS.commanded(TOPICS.command("scale-1")) == "scale-1"
