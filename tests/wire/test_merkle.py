"""The tree of RFC 6962: against its vector, and against the definition written down once more."""

from base64 import b64encode
from hashlib import sha256

import pytest

from edge.wire.merkle import (
    EMPTY_ROOT,
    RightEdge,
    complete_subtrees,
    inclusion_path,
    leaf_hash,
    range_hash,
    root_of_path,
)

SIZES = [*range(1, 34), 63, 64, 65, 100, 127, 128, 129]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\1" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def grown(leaves: list[bytes]) -> RightEdge:
    edge = RightEdge()
    for leaf in leaves:
        edge.add(leaf_hash(leaf))
    return edge


def test_the_vector_of_the_contract() -> None:
    root = grown([b"a", b"b", b"c"]).root

    assert b64encode(root) == b"NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE="
    assert RightEdge().root == EMPTY_ROOT


def test_the_right_edge_has_the_root_of_the_whole_tree_and_few_hashes() -> None:
    for size in SIZES:
        leaves = [str(number).encode() for number in range(size)]
        edge = grown(leaves)

        assert (edge.size, edge.root) == (size, by_definition(leaves))
        assert len(edge.nodes) == size.bit_count()
        assert RightEdge(size, edge.nodes).root == edge.root


def test_a_tree_grows_by_whole_subtrees_as_by_leaves() -> None:
    leaves = [str(number).encode() for number in range(29)]
    edge = RightEdge()
    for lo, hi in complete_subtrees(0, 29):
        edge.add_subtree(by_definition(leaves[lo:hi]), hi - lo)

    assert edge.root == by_definition(leaves)
    with pytest.raises(ValueError, match="a subtree of 2 can't follow 29"):
        edge.add_subtree(bytes(32), 2)
    with pytest.raises(ValueError, match="1 subtrees do not make 3 leaves"):
        RightEdge(3, [bytes(32)])


def test_every_leaf_of_every_tree_is_proved_and_nothing_else_is() -> None:
    for size in SIZES:
        leaves = [str(number).encode() for number in range(size)]

        def subtree(lo: int, hi: int, leaves: list[bytes] = leaves) -> bytes:
            assert (hi - lo).bit_count() == 1
            return by_definition(leaves[lo:hi])

        root = by_definition(leaves)
        assert range_hash(0, size, subtree) == root
        for index, leaf in enumerate(leaves):
            path = inclusion_path(index, size, subtree)
            assert root_of_path(leaf_hash(leaf), index, size, path) == root
            assert root_of_path(leaf_hash(b"x"), index, size, path) != root
            assert root_of_path(leaf_hash(leaf), index, size, [*path, root]) is None
            if size > 1:
                assert root_of_path(leaf_hash(leaf), (index + 1) % size, size, path) != root
                assert root_of_path(leaf_hash(leaf), index, size, path[:-1]) is None


def test_a_leaf_outside_has_no_proof() -> None:
    with pytest.raises(ValueError, match="leaf 3 is not in a tree of 3"):
        inclusion_path(3, 3, lambda *_: bytes(32))
    assert root_of_path(bytes(32), 3, 3, []) is None


@pytest.mark.parametrize(("lo", "hi", "made_of"), [
    (0, 7, [(0, 4), (4, 6), (6, 7)]), (0, 0, []), (256, 600, [(256, 512), (512, 576), (576, 592), (592, 600)]),
    (5, 8, [(5, 6), (6, 8)]),
])  # fmt: skip
def test_a_range_is_made_of_complete_subtrees(lo: int, hi: int, made_of: list[tuple[int, int]]) -> None:
    assert complete_subtrees(lo, hi) == made_of
