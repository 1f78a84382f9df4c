"""The devices of a belt line and how they are attached: what a file may leave out, and what is refused."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from hub_config.attach import Attach, SerialAttach, TcpAttach, TcpListenAttach
from hub_config.boards import IoBoardConfig
from hub_config.load import load
from hub_config.metrology import Metrology
from hub_config.readers import KeyenceSrConfig
from hub_config.scales import RecordScaleConfig
from hub_config.units import FROM_FILE

DEMO = load(Path(__file__).parents[2] / "examples/demo.toml")
ATTACH: TypeAdapter[Attach] = TypeAdapter(Attach)


def attached(**keys: object) -> Attach:
    return ATTACH.validate_python(keys, context=FROM_FILE)


def test_a_device_is_dialled_or_dials_and_says_where() -> None:
    places = [DEMO.device(name).attach.place for name in ("io-1", "tunnel-1", "wim-1")]

    assert places == ["/dev/hub/board", "127.0.0.1:9004", "127.0.0.1:9010 (dialled by 127.0.0.1)"]


def test_each_kind_of_attachment_is_its_own_value() -> None:
    assert attached(kind="serial", port="/dev/a") == SerialAttach(port="/dev/a", baud=9600)
    assert attached(kind="tcp", host="reader.local", port=9004) == TcpAttach(
        kind="tcp", host="reader.local", port=9004
    )
    assert attached(kind="tcp-listen", port=9010, peer="10.1.2.3") == TcpListenAttach(
        kind="tcp-listen", host="127.0.0.1", port=9010, peer="10.1.2.3"
    )


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"kind": "tcp", "host": "", "port": 1}, "is empty"),
        ({"kind": "tcp", "host": "a", "port": 65_536}, "65536 is too high"),
        ({"kind": "tcp", "host": "a", "port": 1, "baud": 9600}, "baud"),
        ({"kind": "tcp-listen", "host": "gateway", "port": 1, "peer": "::1"}, '"gateway" is no IP address'),
        ({"kind": "tcp-listen", "port": 1, "peer": "10.1.2.0/24"}, '"10.1.2.0/24" is no IP address'),
        ({"kind": "tcp-listen", "port": 1}, "peer"),
    ],
)
def test_an_attachment_that_is_none_is_refused(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        attached(**keys)


def test_an_address_has_one_way_to_be_written() -> None:
    listen = attached(kind="tcp-listen", host="0:0::1", port=9010, peer="2001:DB8::0003")

    assert isinstance(listen, TcpListenAttach)
    assert (listen.host, listen.peer) == ("::1", "2001:db8::3")


def test_a_board_knows_its_encoder_and_how_its_inputs_bounce() -> None:
    board = DEMO.device("io-1")

    assert isinstance(board, IoBoardConfig)
    assert board.encoder == 7
    assert {(one.debounce_us, one.blocked_when) for one in board.inputs} == {(2_000, "high")}
    assert (board.report_ms, board.watchdog_ms, board.clock_bound_us) == (10, 500, 10_000)


def test_what_a_file_leaves_out_of_a_reader_and_a_record_scale_is_the_usual() -> None:
    reader, scale = DEMO.device("tunnel-1"), DEMO.device("wim-1")

    assert isinstance(reader, KeyenceSrConfig)
    assert (reader.no_read, reader.separator, reader.answer_timeout_ms) == (("ERROR",), ",", 100)
    assert isinstance(scale, RecordScaleConfig)
    assert (scale.start, scale.end, scale.unit) == ("", ("\r", "\n"), None)
    assert (scale.good, scale.overload, scale.underload) == (("OK",), ("OL",), ("UL",))


def test_a_record_scale_without_a_unit_field_has_one_unit_for_all() -> None:
    metrology = Metrology(regime="none", max_mg=6_000_000, min_mg=0, e_mg=1_000, mpe_mg=1_000)
    attach = SerialAttach(port="/dev/a")

    scale = RecordScaleConfig(
        kind="record-scale",
        id="wim-1",
        attach=attach,
        fields=("skip", "record", "skip", "mass"),
        unit="g",
        metrology=metrology,
    )

    assert (scale.fields.count("skip"), scale.unit) == (2, "g")


def test_a_record_scale_tells_both_its_faults_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        RecordScaleConfig.model_validate(
            {
                "kind": "record-scale",
                "id": "wim-1",
                "attach": {"kind": "serial", "port": "/dev/a"},
                "fields": ["mass", "mass"],
                "metrology": {"regime": "none", "max": "6 kg", "min": "0 g", "e": "1 g", "mpe": "1 g"},
            },
            context=FROM_FILE,
        )

    said = str(refused.value)
    assert "0 fields are record" in said
    assert "2 fields are mass" in said
    assert "nothing says the unit" in said
