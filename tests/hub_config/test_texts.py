"""Every word the core can want on a screen exists, short enough to be read at a distance."""

import string
from typing import get_args

import pytest

from drivers.reading import PrinterTrouble
from edge.core.decision import REASONS
from edge.core.snapshot import BenchState, Instruction, Refusal
from hub_config.i18n import languages, texts
from hub_config.values import LANES

MAX_WORDS = 8
FILLED_IN = {
    "code",
    "bay",
    "device",
    "seconds",
    "bench",
    "count",
    "waiting",
    "parcels",
    "cap",
    "compared",
    "codes",
    "lanes",
    "share",
}

WANTED = {
    "state": get_args(BenchState),
    "instruction": get_args(Instruction),
    "refusal": get_args(Refusal),
    "reason": REASONS,
    "lane": LANES,
    "printer": (*get_args(PrinterTrouble), "down", "missing"),
}


@pytest.mark.parametrize("section", WANTED)
def test_every_word_of_the_core_has_a_text_and_no_text_is_left_over(section: str) -> None:
    have = {key.removeprefix(f"{section}.") for key in texts("en") if key.startswith(f"{section}.")}

    assert have == set(WANTED[section])


@pytest.mark.parametrize("section", ["instruction", "refusal", "reason"])
def test_a_sentence_has_at_most_eight_words(section: str) -> None:
    long = [
        text for key, text in texts("en").items() if key.startswith(section) and len(text.split()) > MAX_WORDS
    ]

    assert long == []


@pytest.mark.parametrize("lang", languages())
def test_a_language_fills_in_the_same_places_as_english(lang: str) -> None:
    for key, text in texts(lang).items():
        places = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        english = {name for _, name, _, _ in string.Formatter().parse(texts("en")[key]) if name}

        assert places == english <= FILLED_IN, key


def test_states_are_told_apart_by_their_word() -> None:
    words = [texts("en")[f"state.{state}"] for state in get_args(BenchState)]

    assert len(set(words)) == len(words)


def test_an_unknown_language_is_english() -> None:
    assert texts("tlh") == texts("en")
    assert texts("../../etc/passwd") == texts("en")


def test_texts_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        texts("en")["state.hold"] = "RELEASE"  # type: ignore[index]
