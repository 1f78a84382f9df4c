"""Which code is the parcel's own: what counts as an identifier, and how one of several is chosen."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.identifiers.check_digits import mod10_check_digit, s10_check_digit
from drivers.identifiers.choice import Choice, Identified, choose, identify
from drivers.identifiers.countries import ISO_3166
from drivers.identifiers.gs1 import Gs1Fault, canonical_link, decimal_of, parse_elements, parse_link

S10 = "RB123456785GB"
SSCC = "006141411234567890"
BAD_SSCC = "006141411234567891"
RANK = ("s10", "sscc")


def s10(value: str) -> Identified:
    return Identified("s10", value, check_ok=True)


def sscc(value: str) -> Identified:
    return Identified("sscc", value, check_ok=True)


@pytest.mark.parametrize(
    ("data", "aim"),
    [
        (S10, None),
        (S10, "]C0"),
        ("rb123456785gb", None),
        ("RB 12345678 5 GB", None),
        (f"]C0{S10}", None),
        (S10, "]Q1"),
    ],
)
def test_an_s10_number_is_known_in_any_case_with_blanks_and_in_any_symbol(data: str, aim: str | None) -> None:
    assert identify(data, aim) == s10(S10)


@pytest.mark.parametrize("data", ["RB123456786US", "RB123456785XX", "RA123456784GB", "RB123456785UK"])
def test_an_s10_number_with_a_wrong_check_digit_or_country_is_a_misread(data: str) -> None:
    assert identify(data, None) == Identified("s10", data, check_ok=False)


@pytest.mark.parametrize(
    ("data", "aim"),
    [
        (SSCC, None),
        (SSCC, "]C0"),
        (f"00{SSCC}", None),
        (f"00{SSCC}", "]C1"),
        (f"]C100{SSCC}", None),
        (f"00{SSCC}42078745201", "]C1"),
        (f"42078745\x1d00{SSCC}", "]C1"),
        (f"00{SSCC}\x1d", "]d2"),
        (f"https://id.gs1.org/00/{SSCC}", "]Q1"),
        (f"https://example.com/some/stem/00/{SSCC}?99=A", None),
    ],
)
def test_an_sscc_is_the_same_18_digits_however_it_was_printed(data: str, aim: str | None) -> None:
    assert identify(data, aim) == sscc(SSCC)


@pytest.mark.parametrize(
    ("data", "aim"),
    [(BAD_SSCC, None), (f"00{BAD_SSCC}", "]C1"), (f"https://id.gs1.org/00/{BAD_SSCC}", "]Q1")],
)
def test_an_sscc_with_a_wrong_check_digit_is_a_misread(data: str, aim: str | None) -> None:
    assert identify(data, aim) == Identified("sscc", BAD_SSCC, check_ok=False)


@pytest.mark.parametrize("aim", ["]Q1", "]L2", "]d1", "]z0"])
def test_18_bare_digits_in_a_matrix_symbol_may_be_a_person_and_are_unknown(aim: str) -> None:
    assert identify(SSCC, aim).type == "unknown"


def test_18_digits_in_a_gs1_symbol_without_their_ai_are_no_sscc() -> None:
    assert identify("106141411234567897", "]C1").type == "unknown"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "]C1",
        "4006381333931",
        "HELLO",
        "RB12345678GB",
        "BAY-G1",
        "１２３４５６７８９０１２３４５６７８",
        "ſB123456785GB",
    ],
)
def test_everything_else_is_unknown_and_keeps_its_text(data: str) -> None:
    assert identify(data, None) == Identified("unknown", data.removeprefix("]C1"), check_ok=True)


def test_a_digital_link_of_another_key_is_told_on_its_canonical_host() -> None:
    found = identify("https://shop.example/p/01/12312312312333/21/A%2FB?utm=1&17=261231", "]Q1")

    assert found == Identified("gs1dl", "https://id.gs1.org/01/12312312312333/21/A%2FB", check_ok=True)


@given(st.text(), st.none() | st.text(max_size=3))
def test_identify_never_raises_and_repeats_itself(data: str, aim: str | None) -> None:
    assert identify(data, aim) == identify(data, aim)


@given(
    st.text(alphabet=string.digits + "/]Ch:tpsCGB \x1d%?&=01", max_size=60),
    st.sampled_from([None, "]C1", "]Q1"]),
)
def test_identify_never_raises_on_what_looks_like_gs1(data: str, aim: str | None) -> None:
    assert identify(data, aim).type in ("unknown", "s10", "sscc", "gs1dl")


@given(st.integers(0, 10**8 - 1), st.sampled_from(sorted(ISO_3166)))
def test_an_s10_number_of_any_serial_and_country_is_known(number: int, country: str) -> None:
    serial = f"{number:08}"
    good = f"RB{serial}{s10_check_digit(serial)}{country}"

    assert identify(good, None) == s10(good)


def test_every_single_wrong_digit_of_an_s10_number_is_noticed() -> None:
    good = "RA473124829GB"
    wrong = [
        good[:place] + digit + good[place + 1 :]
        for place in range(2, 11)
        for digit in string.digits
        if digit != good[place]
    ]

    assert [identify(data, None) for data in wrong] == [
        Identified("s10", data, check_ok=False) for data in wrong
    ]


@given(st.integers(0, 10**17 - 1), st.integers(0, 17), st.integers(1, 9))
def test_every_single_wrong_digit_of_an_sscc_is_noticed(body: int, place: int, shift: int) -> None:
    digits = f"{body:017}"
    good = digits + mod10_check_digit(digits)
    wrong = good[:place] + str((int(good[place]) + shift) % 10) + good[place + 1 :]

    assert identify(good, None) == sscc(good)
    assert identify(wrong, None) == Identified("sscc", wrong, check_ok=False)


def test_the_better_rank_wins() -> None:
    codes = [sscc(SSCC), Identified("unknown", "4006381333931", check_ok=True), s10(S10)]

    assert choose(codes, RANK) == Choice(s10(S10), conflict=False)
    assert choose(codes, ("sscc", "s10")) == Choice(sscc(SSCC), conflict=False)


def test_the_same_identifier_twice_is_one() -> None:
    codes = [identify(S10, "]C0"), identify("rb 12345678 5 gb", "]Q1")]

    assert choose(codes, RANK) == Choice(s10(S10), conflict=False)


def test_two_identifiers_of_the_winning_rank_are_a_conflict() -> None:
    assert choose([s10(S10), s10("RA473124829GB"), sscc(SSCC)], RANK) == Choice(None, conflict=True)


def test_two_identifiers_of_a_lower_rank_do_not_matter_when_a_better_one_is_there() -> None:
    assert choose([sscc(SSCC), sscc("000123450000000027"), s10(S10)], RANK) == Choice(
        s10(S10), conflict=False
    )


def test_a_failed_check_is_never_chosen_and_makes_no_conflict() -> None:
    misread = identify("RB123456786GB", None)

    assert choose([misread], RANK) == Choice(None, conflict=False)
    assert choose([misread, s10(S10)], RANK) == Choice(s10(S10), conflict=False)


@pytest.mark.parametrize("codes", [[], [Identified("unknown", "X", check_ok=True)], [sscc(SSCC)]])
def test_types_outside_the_rank_are_no_candidates(codes: list[Identified]) -> None:
    assert choose(codes, ("s10",)) == Choice(None, conflict=False)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("", "empty"),
        ("\x1d", "empty"),
        ("0000614141123456789", "value"),
        ("05123", "unknown_ai"),
        ("10A\x1d10B", "repeated"),
        ("10", "value"),
        ("10" + "A" * 21, "value"),
        ("3301ABCDEF", "value"),
    ],
)
def test_element_strings_that_do_not_parse_say_why(data: str, error: str) -> None:
    fault = parse_elements(data)

    assert isinstance(fault, Gs1Fault)
    assert fault.error == error


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ("https://a", "no_key"),
        ("ftp://a/00/1", "scheme"),
        ("https:///00/006141411234567890", "no_domain"),
        (f"https://a/00/{SSCC}/", "trailing_slash"),
        (f"https://a/00/{SSCC}?7=1", "unknown_key"),
        (f"https://a/00/{SSCC}?98=", "empty_value"),
        ("https://a/01/12312312312333/10/", "no_key"),
        ("https://a/01/12312312312333/10/%FF", "encoding"),
        ("https://a/01/12312312312333/21/A/10/B", "no_key"),
        ("https://a/" + "b" * 3_000, "too_long"),
    ],
)
def test_links_that_are_no_digital_link_say_why(link: str, error: str) -> None:
    fault = parse_link(link)

    assert isinstance(fault, Gs1Fault)
    assert fault.error == error


def test_a_short_gtin_in_a_link_is_filled_to_14_digits() -> None:
    assert parse_link("https://a/01/02345673") == {"01": "00000002345673"}


@given(st.text(alphabet=string.ascii_letters + string.digits + "/!%&", min_size=1, max_size=20))
def test_a_canonical_link_reads_back_to_the_same_elements(serial: str) -> None:
    elements = {"01": "12312312312333", "21": serial}

    assert parse_link(canonical_link(elements)) == elements


@pytest.mark.parametrize(
    ("ai", "value", "text"),
    [("3301", "000125", "12.5"), ("3300", "000012", "12"), ("3103", "000000", "0.000")],
)
def test_a_mass_element_keeps_its_decimals(ai: str, value: str, text: str) -> None:
    assert decimal_of(ai, value) == text
