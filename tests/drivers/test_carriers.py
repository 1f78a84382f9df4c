"""Numbers of carriers, receptacles and waybills: forms, check digits, and that none is taken for another."""

import random
from typing import get_args

import pytest
from vectors_file import vectors

from drivers.decode import decode
from drivers.identifiers.choice import Choice, Identified, choose, identify
from drivers.identifiers.format import Found
from drivers.identifiers.formats import BY_NAME, RANKED
from hub_config.codes import WEAK_FORMATS, NamingType
from simulators.label_numbers import VALID

SEED = 20_261_126
DRAWN = 300
SURE = ("upu-s10", "upu-s9", "ups-1z", "fedex-96-34", "fedex-34", "fedex-96-22", "usps-impb", "dpd-28")
SURE_UNCHECKED = ("yunexpress", "gofo", "amazon")
LAST_DIGIT = [
    name for name in VALID
    if name not in ("upu-s10", "upu-s9", "upu-s8", "dpd-28", "dhl-piece", "dhl-ecommerce", "iata-label")
    and name not in SURE_UNCHECKED
]  # fmt: skip
"""Formats whose last character is a check digit over the rest."""


def drawn(name: str) -> list[str]:
    rng = random.Random(f"{SEED} {name}")
    return [VALID[name](rng) for _ in range(DRAWN)]


def explained(protocol: str, text: str, **options: str) -> dict[str, object]:
    (meaning,) = decode(protocol, [text.encode()], options)
    return meaning


def test_every_format_has_numbers_to_be_tried_on() -> None:
    assert sorted(VALID) == sorted(BY_NAME)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_valid_numbers_are_valid_with_blanks_in_lower_case_and_behind_an_aim_identifier(name: str) -> None:
    for number in drawn(name):
        assert explained(name, number)["valid"] is True, number
        spaced = " ".join(number[place : place + 3] for place in range(0, len(number), 3))
        assert explained(name, spaced.lower()) == explained(name, number)
        assert explained(name, f"]C0{number}\r\n") == explained(name, number)


@pytest.mark.parametrize("name", LAST_DIGIT)
def test_every_other_last_digit_is_refused_and_the_right_one_told(name: str) -> None:
    rng = random.Random(SEED)
    for number in drawn(name):
        if name == "usps-impb" and len(number) == 34:
            continue  # two ZIPs may be meant; one of them may be right by chance
        wrong = number[:-1] + rng.choice([digit for digit in "0123456789" if digit != number[-1]])
        told = explained(name, wrong)
        assert (told["valid"], told["error"]) == (False, "check_digit"), wrong
        assert told["detail"] == f"check digit {wrong[-1]}, computed {number[-1]}"


def test_every_other_check_character_of_a_dpd_number_is_refused() -> None:
    for number in drawn("dpd-28"):
        others = [sign for sign in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if sign != number[-1]]
        assert all(explained("dpd-28", number[:-1] + sign)["valid"] is False for sign in others)


@pytest.mark.parametrize(
    ("protocol", "text", "wanted"),
    [
        ("usps-impb", "420 22153 9101026837331000039521", {"zip": "22153", "tracking": "9101026837331000039521"}),
        ("usps-impb", "42078745\x1d9400111206206406260787", {"zip": "78745", "tracking": "9400111206206406260787"}),
        ("usps-impb", "4201002334249200190132607600833457", {"zip": "10023", "plus4": "3424"}),
        ("usps-impb", "92748931507708513018050063", {"valid": True}),
        ("usps-impb", "7196 9010 7560 0307 7385", {"tracking": "9171969010756003077385"}),
        ("usps-impb", "0307 1790 0005 2348 3741", {"tracking": "03071790000523483741"}),
        ("usps-impb", "0307 1790 0005 2348 3742", {"valid": False, "error": "check_digit"}),
        ("usps-impb", "9601010268373310000395", {"valid": False, "error": "prefix"}),
        ("dpd-28", "%0081 827 0998 0000 0200 45 327 276 N", {"valid": True, "parcel": "09980000020045"}),
        ("dhl-express", "3318810025", {"valid": True}),
        ("dhl-express", "73891051146", {"valid": True}),
        ("dhl-ecommerce", "GR295117494011169045", {"valid": False, "error": "prefix"}),
        ("dhl-piece", "XJD0099999998", {"valid": False, "error": "format"}),
        ("amazon", "TBC502887274000", {"valid": True}),
        ("amazon", "TBB000000000000", {"valid": False, "error": "prefix"}),
        ("gofo", "GFUS01011884214464", {"valid": True}),
        ("fedex-96-34", "9612001560001234567100794808390594", {"valid": False, "error": "prefix"}),
        ("fedex-34", "9622001900000000000000776632517510", {"valid": False, "error": "prefix"}),
        ("ups-1z", "1Z879E93034683444A", {"valid": False, "error": "check_digit"}),
        ("iata-awb", "232-1234567 5", {"valid": True, "value": "23212345675", "check_digit_ok": True}),
        ("iata-awb", "2321234567", {"valid": False, "error": "format"}),
        ("iata-label", "2321234567500012", {"piece": "00012", "airline_prefix": "232", "serial": "1234567"}),
        ("iata-label", "2321234567600012", {"valid": False, "error": "check_digit"}),
        ("upu-s8", "CNHGHAMYKULAACN60123", {"dispatch": "0123", "year_digit": "6"}),
        ("upu-s9", "CNHGHAMYKULAACN60123004100005", {"weight": "0.5"}),
        ("upu-s9", "CNHGHAMYKULAACN6012300410123", {"valid": False, "error": "format"}),
        ("gtin-12", "036000291452", {"valid": True}),
    ],
)  # fmt: skip
def test_a_number_is_cut_into_its_parts(protocol: str, text: str, wanted: dict[str, object]) -> None:
    told = explained(protocol, text)

    assert {key: told.get(key) for key in wanted} == wanted


@pytest.mark.parametrize(("digits", "label"), [("3", "23212345675001"), ("5", "2321234567500001")])
def test_how_long_the_number_of_a_piece_is_can_be_set(digits: str, label: str) -> None:
    assert explained("iata-label", label, piece_digits=digits)["valid"] is True


@pytest.mark.parametrize("digits", ["0", "10", "five"])
def test_a_piece_that_can_not_be_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match=r"piece_digits is .*; 1 to 9 are wanted"):
        explained("iata-label", "2321234567500001", piece_digits=digits)


@pytest.mark.parametrize(
    ("letters", "name"),
    [
        ("EE", "ems"), ("CP", "parcel_post"), ("HA", "ecommerce_parcel"), ("LX", "tracked_letter"),
        ("RR", "registered"),
        ("VV", "insured"), ("UA", "other_letter"), ("MB", "m_bag"), ("QA", "business_reply"), ("QM", "business_reply"),
        ("AV", "domestic_or_bilateral"), ("AZ", "domestic_or_bilateral"), ("BA", "domestic_or_bilateral"),
        ("GA", "domestic_or_bilateral"), ("GD", "domestic_or_bilateral"), ("ZZ", "domestic_or_bilateral"),
        ("JA", "reserved"), ("WZ", "reserved"), ("QN", "unlisted"), ("AA", "unlisted"), ("GB", "unlisted"),
        ("XA", "unlisted"),
    ],
)  # fmt: skip
def test_the_service_of_an_s10_number_is_named_and_not_judged(letters: str, name: str) -> None:
    told = explained("upu-s10", f"{letters}473124829GB")

    assert (told["valid"], told["service_name"]) == (True, name)


# What a gateway takes a code for ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SURE, *SURE_UNCHECKED])
def test_a_sure_number_is_taken_for_its_own_format_and_no_other(name: str) -> None:
    known = BY_NAME[name]
    for number in drawn(name):
        found = known.parse(number)
        assert isinstance(found, Found)
        assert identify(number, "]C0") == Identified(known.type, found.value, check_ok=True)
        assert identify(number, None) == Identified(known.type, found.value, check_ok=True)


@pytest.mark.parametrize(
    "name", [one.name for one in RANKED if one.name not in (*SURE, *SURE_UNCHECKED, "sscc")]
)
def test_a_weak_number_is_unknown_where_its_format_is_not_named(name: str) -> None:
    for number in drawn(name):
        assert identify(number, "]C0") == Identified("unknown", number, check_ok=True)


@pytest.mark.parametrize("name", WEAK_FORMATS)
def test_a_weak_number_is_told_where_its_format_is_named_but_not_from_an_ean_symbol(name: str) -> None:
    known = BY_NAME[name]
    for number in drawn(name):
        found = known.parse(number)
        assert isinstance(found, Found)
        assert identify(number, "]C0", (name,)) == Identified(known.type, found.value, check_ok=True)
        if number.isdigit():
            assert identify(number, "]E0", (name,)).type == "unknown"
            assert identify(number, "]Q1", (name,)).type == "unknown"


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_format_fits_no_text_of_another_length_than_it_says(name: str) -> None:
    known, rng = BY_NAME[name], random.Random(SEED)
    texts = [*drawn(name), *(draw(rng) for draw in VALID.values() for _ in range(20))]
    for text in texts:
        place = rng.randrange(len(text))
        for tried in (text, text[:-1], text + text[-1], text[:place] + text[place:] * 2, text[: place + 1]):
            if isinstance(known.parse(tried), Found):
                assert len(tried) in known.chars, tried


@pytest.mark.parametrize("name", list(BY_NAME))
def test_what_a_text_is_does_not_depend_on_which_formats_are_tried(name: str) -> None:
    for number in drawn(name):
        for text in (number, number[:-1] + "0", number[1:], number + "0"):
            tried = [(one, one.parse(text)) for one in RANKED if one.type not in ("unknown", "sscc")]
            fits = [
                Identified(one.type, found.value, found.fault is None, found.weak)
                for one, found in tried
                if isinstance(found, Found)
            ]
            told = identify(text, None, WEAK_FORMATS)
            good = [one for one in fits if one.check_ok] or fits
            assert told == good[0] if good else told.type in ("unknown", "sscc")


def test_no_weak_format_changes_what_a_sure_number_is() -> None:
    for name in (*SURE, *SURE_UNCHECKED, "sscc"):
        for number in drawn(name):
            assert identify(number, "]C0", WEAK_FORMATS) == identify(number, "]C0")


def test_every_format_that_can_be_weak_can_be_named_in_a_configuration() -> None:
    rng = random.Random(SEED)
    texts = [draw(rng) for draw in VALID.values() for _ in range(20)]
    texts += [text[:-1] + "0" for text in texts] + ["9" * 34, "0" * 20]
    weak = {
        one.name
        for one in RANKED
        for text in texts
        if isinstance(found := one.parse(text), Found) and found.weak and one.type != "unknown"
    }

    assert sorted(weak) == sorted(WEAK_FORMATS)
    assert set(get_args(NamingType)) <= {one.type for one in RANKED}


@pytest.mark.parametrize(
    "vector", vectors("ups-1z", "fedex-34", "fedex-96-22", "usps-impb"), ids=lambda one: one.id
)
def test_a_carrier_number_that_fails_its_check_is_a_misread(vector: object) -> None:
    frame, meaning = vector.frame, vector.meaning  # type: ignore[attr-defined]
    if meaning.get("error") == "prefix":
        return

    found = identify(frame.decode(), "]C1")

    assert (found.type, found.check_ok) == ("carrier", meaning["valid"])


def test_a_weak_number_that_fails_its_check_is_a_misread_only_where_its_format_is_named() -> None:
    assert identify("996578788855", "]C0").type == "unknown"
    assert identify("996578788855", "]C0", ("fedex-12",)) == Identified(
        "carrier", "996578788855", check_ok=False
    )


def test_a_good_number_of_one_named_format_goes_before_a_misread_of_another() -> None:
    assert identify("73891051146", "]C0", ("iata-awb", "dhl-express")) == Identified(
        "carrier", "73891051146", True
    )


def test_a_carrier_goes_before_element_strings_where_the_symbol_is_not_known_to_be_gs1() -> None:
    number = "9400111206206406260787"

    assert identify(number, None) == Identified("carrier", number, check_ok=True)


def test_an_sscc_in_a_gs1_symbol_goes_before_all() -> None:
    found = identify("42078745\x1d00006141411234567890", "]C1", WEAK_FORMATS)

    assert found == Identified("sscc", "006141411234567890", check_ok=True)


def test_one_tracking_number_in_two_symbols_is_one() -> None:
    long, short = (
        identify("1001921334250001000300779017972697", "]C0"),
        identify("779017972697", "]C0", ("fedex-12",)),
    )

    assert choose([short, long], ("carrier",)) == Choice(long, conflict=False)
    assert (long.weak, short.weak) == (False, True)


def test_a_weak_number_gives_way_to_a_sure_one_of_its_type_and_makes_no_conflict() -> None:
    sure, weak = identify("1Z5R89390357567127", "]C0"), identify("986578788855", "]C0", ("fedex-12",))

    assert choose([weak, sure], ("s10", "carrier")) == Choice(sure, conflict=False)
    assert choose([weak], ("s10", "carrier")) == Choice(weak, conflict=False)


def test_two_sure_numbers_or_two_weak_ones_alone_are_a_conflict() -> None:
    sure = [identify(one, "]C0") for one in ("1Z5R89390357567127", "1001921334250001000300779017972697")]
    weak = [identify(one, "]C0", ("fedex-12",)) for one in ("986578788855", "477179081230")]

    assert choose(sure, ("carrier",)) == Choice(None, conflict=True)
    assert choose(weak, ("carrier",)) == Choice(None, conflict=True)


def test_an_s10_number_goes_before_any_carrier() -> None:
    codes = [identify(one, "]C0") for one in ("1Z5R89390357567127", "RB123456785GB", "GFUS01011884214464")]

    assert choose(codes, ("s10", "sscc", "carrier")).own == Identified("s10", "RB123456785GB", check_ok=True)


# The bench of whoever meets an unknown label -----------------------------------------------------------------


def test_a_label_tells_what_it_fits_the_surest_first_and_why_not_the_others() -> None:
    told = explained("label", "986578788855")

    assert (told["taken_as"], [fit["format"] for fit in told["fits"]]) == (  # type: ignore[attr-defined]
        "unknown", ["fedex-12", "gs1-elements", "gtin-12"],
    )  # fmt: skip
    rejected = {one["format"]: one["detail"] for one in told["rejected"]}  # type: ignore[attr-defined]
    assert rejected["upu-s10"] == "12 characters; wanted: 2 letters, 9 digits, 2 letters"
    assert set(rejected) | {"fedex-12", "gs1-elements", "gtin-12"} == {*BY_NAME, "gs1-elements"}


@pytest.mark.parametrize("name", [*SURE, "sscc"])
def test_a_sure_number_is_the_first_that_a_label_fits(name: str) -> None:
    for number in drawn(name)[:30]:
        (told,) = decode("label", [number.encode()], {})
        assert told["fits"][0]["format"] == name  # type: ignore[index]


def test_element_strings_typed_as_they_are_printed_are_those_of_the_symbol() -> None:
    told = explained("label", "(00)006141411234567890(420)78745(3313)000350(17)270200")

    assert (told["taken_as"], told["value"]) == ("sscc", "006141411234567890")
    first = told["fits"][0]  # type: ignore[index]
    assert first["elements"] == {
        "00": "006141411234567890", "420": "78745", "3313": "000350", "17": "270200", "length_m": "0.350",
    }  # fmt: skip
    assert first["named"] == {"ship_to_postcode": "78745", "expiry_date": "2027-02"}


def test_a_link_is_explained_as_a_link() -> None:
    told = explained("label", "https://id.gs1.org/01/12312312312333/21/A")

    assert (told["taken_as"], told["fits"][0]["format"]) == ("gs1dl", "gs1-digital-link")  # type: ignore[index]


# Values of element strings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "error"),
    [
        ("11260229", "date"), ("11261301", "date"), ("11260431", "date"), ("4326260400", "date"),
        ("43242602282460", "date"), ("70072603012602", "value"), ("7007260301260228", "date"),
        ("80082602282361", "date"), ("800826022823599", "date"), ("4307XX", "country"), ("4331000512A", "temperature"),
        ("43212", "flag"),
        ("4106141411234568", "check_digit"), ("40212345678901234567", "check_digit"), ("3306000125", "unknown_ai"),
        ("253061414112345690001", "check_digit"), ("8018006141411234567891", "check_digit"),
    ],
)  # fmt: skip
def test_an_element_with_a_value_that_can_not_be_is_an_error(elements: str, error: str) -> None:
    told = explained("gs1-elements", elements)

    assert (told["kind"], told["error"]) == ("error", error)


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ("11240229", {"production_date": "2024-02-29"}),
        ("17261200", {"expiry_date": "2026-12"}),
        ("43242602289999", {"not_before": "2026-02-28"}),
        ("43252602281830", {"not_after": "2026-02-28T18:30"}),
        ("7007260228260301", {"harvest_date": "2026-02-28/2026-03-01"}),
        ("80082602282359", {"production_time": "2026-02-28T23:59"}),
        ("8008260228235907", {"production_time": "2026-02-28T23:59:07"}),
        ("800826022823", {"production_time": "2026-02-28T23:00"}),
        ("4331002550\x1d4333000512-", {"max_temperature_c": "25.50", "min_temperature_c": "-5.12"}),
        ("421276101150", {"ship_to_country": "276", "ship_to_postcode": "101150"}),
        ("4307DE\x1d43211\x1d43220", {
            "ship_to_country": "DE", "dangerous_goods": "yes", "leave_without_signature": "no",
        }),
    ],
)  # fmt: skip
def test_elements_are_told_in_words(elements: str, named: dict[str, str]) -> None:
    assert explained("gs1-elements", elements)["named"] == named


def test_measures_keep_their_decimals() -> None:
    told = explained("gs1-elements", "3312000350" + "3325000001" + "3330000200" + "3401000125")

    assert told["elements"] == {
        "3312": "000350", "3325": "000001", "3330": "000200", "3401": "000125", "length_m": "3.50",
        "width_m": "0.00001", "height_m": "200", "gross_weight_lb": "12.5",
    }  # fmt: skip
