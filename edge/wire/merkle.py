"""The tree over a gateway's events, in which a checkpoint is one hash (RFC 6962 §2.1, clearance contract §3).

Leaf `SHA256(00 ‖ canonical bytes)`, node `SHA256(01 ‖ left ‖ right)`. A tree of n leaves splits at the largest power of
two below n, so everything left of the split never changes again: the `RightEdge` keeps one hash for each complete
subtree, log n of them, and knows the root at any moment.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
PATH_MAX: Final = 64
"""Hashes in a proof of inclusion; more would be a tree of more than 2^64 leaves."""

Subtree = Callable[[int, int], bytes]
"""The hash over the leaves `lo` to `hi`-1, where those form a complete subtree."""


def leaf_hash(body: bytes) -> bytes:
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class RightEdge:
    """A growing tree: the complete subtrees it is made of, from the left, largest first."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        """`nodes`: one hash for each bit of `size` that is set, as `nodes` gives them."""
        if len(nodes) != size.bit_count():
            raise ValueError(f"{len(nodes)} subtrees do not make {size} leaves")
        self.size = size
        self._nodes = list(nodes)

    @property
    def nodes(self) -> tuple[bytes, ...]:
        return tuple(self._nodes)

    def add(self, leaf: bytes) -> None:
        """`leaf`: the hash of a leaf, or of a complete subtree's worth of them with `add_subtree`."""
        self.add_subtree(leaf, 1)

    def add_subtree(self, node: bytes, leaves: int) -> None:
        """`leaves` is a power of two that divides the size so far."""
        if leaves.bit_count() != 1 or self.size % leaves:
            raise ValueError(f"a subtree of {leaves} can't follow {self.size} leaves")
        joins = self.size // leaves
        while joins & 1:
            node = node_hash(self._nodes.pop(), node)
            joins >>= 1
        self._nodes.append(node)
        self.size += leaves

    def copy(self) -> "RightEdge":
        return RightEdge(self.size, self._nodes)

    @property
    def root(self) -> bytes:
        if not self._nodes:
            return EMPTY_ROOT
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = node_hash(node, root)
        return root


def complete_subtrees(lo: int, hi: int) -> list[tuple[int, int]]:
    """The fewest complete subtrees that the leaves `lo` to `hi`-1 are made of, from the left."""
    found = []
    while lo < hi:
        width = lo & -lo or 1 << (hi - lo).bit_length()
        while lo + width > hi:
            width >>= 1
        found.append((lo, lo + width))
        lo += width
    return found


def range_hash(lo: int, hi: int, subtree: Subtree) -> bytes:
    """Over the leaves `lo` to `hi`-1, where `lo` is a place at which the tree splits."""
    width = hi - lo
    if width.bit_count() == 1:
        return subtree(lo, hi)
    split = lo + (1 << (width - 1).bit_length() - 1)
    return node_hash(range_hash(lo, split, subtree), range_hash(split, hi, subtree))


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that leaf `index`, counted from 0, is in the tree of the first `size` (RFC 6962 §2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    lo, hi = 0, size
    while hi - lo > 1:
        split = lo + (1 << (hi - lo - 1).bit_length() - 1)
        if index < split:
            path.append(range_hash(split, hi, subtree))
            hi = split
        else:
            path.append(range_hash(lo, split, subtree))
            lo = split
    path.reverse()
    return path


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the proof leads to; None if it has the wrong length for this place."""
    if not 0 <= index < size or len(path) > PATH_MAX:
        return None
    node, last, left = leaf, size - 1, index
    steps = list(path)
    while last:
        if left & 1 or left < last:
            if not steps:
                return None
            sibling = steps.pop(0)
            node = node_hash(sibling, node) if left & 1 else node_hash(node, sibling)
        left, last = left >> 1, last >> 1
    return node if not steps else None
