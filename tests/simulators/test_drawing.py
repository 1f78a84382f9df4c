from random import Random

from simulators.drawing import randint


def test_it_draws_what_randint_and_randrange_would() -> None:
    ours, theirs = Random("drawing"), Random("drawing")

    for low, high in [
        (0, 0),
        (5, 5),
        (0, 1),
        (-3, 3),
        (1, 7),
        (0, 7),
        (0, 8),
        (-40_000, 40_000),
        (0, 10**9),
    ] * 50:
        assert randint(ours, low, high) == theirs.randint(low, high)
        assert randint(ours, 0, high - low) == theirs.randrange(high - low + 1)
    assert ours.random() == theirs.random()
