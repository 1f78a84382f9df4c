"""A value is compared, hashed and shown by its fields, as a frozen dataclass is."""

from dataclasses import dataclass

from hub_config.value import value


@value
class Place:
    name: str
    inside: "Place | None" = None


@dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    inside: "Frozen | None" = None


def test_it_is_shown_as_a_frozen_dataclass_is() -> None:
    assert repr(Place("bay", Place("hub"))) == repr(Frozen("bay", Frozen("hub"))).replace("Frozen", "Place")


def test_it_is_compared_and_hashed_by_its_fields() -> None:
    assert Place("bay") == Place("bay") != Place("bay", Place("hub"))
    assert hash(Place("bay")) == hash(Place("bay"))
