"""An independent check of an evidence capsule: `python capsule_verifier.py FILE [--key PUBLIC]...` (contract §13).

FILE is one JSON object about one visit at one gateway: its events as signed, decisions and all; for each event the
proof that it is in the gateway's log (RFC 6962); the checkpoint of that log with the gateway's signature and the
coordinator's countersignature (C2SP); the configurations that the events name; the public keys. Of an event with
fields hidden from this reader there are the others with their salts, the hashes of the hidden ones, and a signed
statement that they make up the event in that place of the log. Nothing else is needed: no network, no clock, no part
of the project, only Python and `cryptography`.
Prints one verdict; exit 0 all whole, 1 at the first fault, 2 if FILE can't be read.

What it proves: the gateway signed these very events, they stand at these places of its log, and the coordinator held
the same log when it signed. What it can't: that no other event speaks of the same parcel. Of an event with hidden
fields it proves that the gateway says so, and where that is countersigned, that the coordinator has compared it.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILE_MAX = 64 * 1024 * 1024
INTEGER_LIMIT = 2**53
KEY = re.compile("[-_a-z0-9]+")
PATH_MAX = 64
LOG_NAMES = ("hub", "gw", "epoch", "mode")
Object = dict[str, Any]
Log = tuple[int, bytes]  # its size and root
Keys = dict[str, tuple[bytes, list[str]]]  # kid: public key and what it is for


class Broken(Exception):  # noqa: N818  (a verdict, not a mishap)
    """The capsule does not prove what it says."""


def canonical(value: Any) -> bytes:  # noqa: ANN401  (any JSON; what is not, is refused)
    """RFC 8785 bytes within the limits of the contract §2: integers below 2^53, plain keys."""
    _allowed(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Broken("half of a surrogate pair in a text") from None


def _allowed(value: Any) -> None:  # noqa: ANN401
    if isinstance(value, dict):
        for key, item in value.items():
            if not KEY.fullmatch(key):
                raise Broken(f"the key {ascii(key)[:40]} is not allowed")
            _allowed(item)
    elif isinstance(value, list):
        for item in value:
            _allowed(item)
    elif isinstance(value, float) or (type(value) is int and abs(value) >= INTEGER_LIMIT):
        raise Broken("a number is no integer below 2^53")


def parse(raw: bytes) -> Object:
    """The object in a file; JSON that two parsers could read differently is refused."""
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON: {str(error)[:100]}") from None
    if not isinstance(value, dict):
        raise Broken("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> Object:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Broken("a key occurs twice in one object")
    return dict(pairs)


def _no_number(text: str) -> Any:  # noqa: ANN401
    raise Broken(f"{text[:40]} is no integer")


def part(holder: Any, name: str, kind: type) -> Any:  # noqa: ANN401
    found = holder.get(name) if isinstance(holder, dict) else None
    if type(found) is not kind:
        raise Broken(f"{name} is missing or not a {kind.__name__}")
    return found


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: Any, length: int, what: str) -> bytes:  # noqa: ANN401
    """The bytes, only from their one spelling in base64url."""
    if isinstance(text, str) and re.fullmatch("[-_A-Za-z0-9]+", text) and len(text) % 4 != 1:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if len(raw) == length and b64url(raw) == text:
            return raw
    raise Broken(f"{what} is not {length} bytes of base64url")


def identity(body: bytes) -> str:
    return "ni:///sha-256;" + b64url(hashlib.sha256(body).digest())


def kid(public: bytes) -> str:
    return b64url(hashlib.sha256(public).digest())[:16]


def check_signature(public: bytes, signature: bytes, body: bytes, what: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except InvalidSignature:
        raise Broken(f"the signature of {what} is not good") from None


# -- the log ------------------------------------------------------------------------------------------------------


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def proved_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 §2.1.3.2: the root that a proof of inclusion leads to."""
    if not 0 <= index < size or len(path) > PATH_MAX:
        raise Broken(f"place {index} is not in a log of {size}")
    first, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise Broken("a proof of inclusion is too long")
        if first & 1 or first == last:
            root = node_hash(sibling, root)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Broken("a proof of inclusion is too short")
    return root


def read_note(note: str) -> tuple[str, str, int, bytes, list[str]]:
    """Body, origin, number of events, root and signature lines of a C2SP checkpoint."""
    body, blank, lines = note.partition("\n\n")
    told = body.split("\n")
    if (
        not blank
        or len(told) != 3
        or not re.fullmatch("[1-9][0-9]{0,15}", told[1])
        or not lines.endswith("\n")
    ):
        raise Broken("the checkpoint is no signed note of three lines")
    root = _base64(told[2], "the root of the checkpoint")
    if len(root) != 32:
        raise Broken("the root of the checkpoint is not 32 bytes")
    return body + "\n", told[0], int(told[1]), root, lines[:-1].split("\n")


def check_note_line(body: str, line: str, public: bytes) -> None:
    """The gateway's own signature: type 01, over the body, under its origin as name."""
    name, signature = _signature_of(line, b"\x01", public, 64)
    if name != body.split("\n", maxsplit=1)[0]:
        raise Broken("the checkpoint is signed under another name than its origin")
    check_signature(public, signature, body.encode(), "the checkpoint")


def check_countersignature(body: str, line: str, public: bytes) -> int:
    """The coordinator's: type 04; returns the second of UTC at which it says it was made."""
    _, stamped = _signature_of(line, b"\x04", public, 72)
    at_s = int.from_bytes(stamped[:8], "big")
    message = f"cosignature/v1\ntime {at_s}\n{body}".encode()
    check_signature(public, stamped[8:], message, "the countersignature")
    return at_s


def _signature_of(line: str, kind: bytes, public: bytes, length: int) -> tuple[str, bytes]:
    found = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
    if found is None:
        raise Broken("a signature line of the checkpoint is not one")
    raw = _base64(found[2], "a signature line of the checkpoint")
    key_id = hashlib.sha256(found[1].encode() + b"\n" + kind + public).digest()[:4]
    if len(raw) != 4 + length or raw[:4] != key_id:
        raise Broken("a signature line of the checkpoint is of another key")
    return found[1], raw[4:]


def _base64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Broken(f"{what} is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise Broken(f"{what} is not base64")
    return raw


# -- the capsule --------------------------------------------------------------------------------------------------


def check_capsule(capsule: Object, trusted: list[str] | None = None) -> str:
    """The verdict; raises Broken at the first fault. `trusted`: public keys believed, instead of all in the file."""
    if part(capsule, "capsule", int) not in (1, 2):
        raise Broken("not a capsule of version 1 or 2")
    visit, mode = part(capsule, "visit", str), part(capsule, "mode", str)
    keys = _keys(part(capsule, "keys", dict), trusted)
    log, at_s = _check_checkpoint(capsule, keys)
    stated, compared = _check_statement(capsule, keys)
    own = words = partly = last = 0
    configs = part(capsule, "configs", dict)
    for told in part(capsule, "events", list):
        hidden = isinstance(told, dict) and "shown" in told
        data = (
            _check_disclosed(told, capsule, stated, log) if hidden else _check_event(told, capsule, keys, log)
        )
        if data["seq"] <= last:
            raise Broken(f"the events are not in order at seq {data['seq']}")
        last, own = data["seq"], own + (data.get("visit") in (visit, *part(capsule, "joined", list)))
        words += sum(_check_word(data, name, keys, mode, hidden) for name in ("decision", "voucher"))
        partly += hidden
        text = configs.get(part(data.get("prov"), "cfg", str))
        if type(text) is not str or hashlib.sha256(text.encode()).hexdigest() != data["prov"]["cfg"]:
            raise Broken(f"the configuration of the event with seq {last} is missing or another")
    if not own:
        raise Broken("it has no event of its visit")
    source = "and the coordinator has compared" if compared else "alone; no coordinator has compared it"
    notice = f"; {partly} with fields hidden, which the gateway states {source}" if partly else ""
    return (
        f"{own} events of visit {visit} and {len(capsule['events']) - own} of its gateway, {words} decisions and "
        f"vouchers, all in the log of {log[0]} events that the coordinator countersigned at {at_s} s UTC; mode {mode}"
        f"{notice}"
    )


def _keys(told: Object, trusted: list[str] | None) -> Keys:
    keys: Keys = {}
    for name, entry in told.items():
        public = bytes_of(part(entry, "public", str), 32, f"key {name}")
        if kid(public) != name:
            raise Broken(f"{ascii(name)[:40]} is not the kid of its key")
        if trusted is None or entry["public"] in trusted:
            keys[name] = (public, part(entry, "roles", list))
    return keys


def _key(keys: Keys, name: Any, role: str) -> bytes:  # noqa: ANN401
    if not isinstance(name, str) or name not in keys or role not in keys[name][1]:
        raise Broken(f"there is no trusted key {ascii(name)[:40]} with the role {role}")
    return keys[name][0]


def _check_checkpoint(capsule: Object, keys: Keys) -> tuple[Log, int]:
    told = part(capsule, "checkpoint", dict)
    body, origin, size, root, lines = read_note(part(told, "note", str))
    root_topic = "ehub" if capsule["mode"] == "live" else f"ehub-{capsule['mode']}"
    wanted = [part(capsule, name, str) for name in ("hub", "gw")]
    if origin != f"{root_topic}/v1/{'/'.join(wanted)}/e{part(capsule, 'epoch', int)}":
        raise Broken("the checkpoint is of another log")
    if len(lines) != 1:
        raise Broken("the checkpoint has more or fewer signatures than the gateway's")
    check_note_line(body, lines[0], _key(keys, told.get("kid"), "event"))
    counter = part(told, "countersigned", dict)
    line = part(counter, "line", str)
    if not line.endswith("\n"):
        raise Broken("the countersignature is no line")
    return (size, root), check_countersignature(body, line[:-1], _key(keys, counter.get("kid"), "ack"))


def _check_event(told: Object, capsule: Object, keys: Keys, log: Log) -> Object:
    data = part(told, "data", dict)
    seq, body = part(data, "seq", int), canonical(data)
    if any(data.get(name) != capsule[name] for name in LOG_NAMES):
        raise Broken(f"the event with seq {seq} is of another log")
    if told.get("id") != identity(body):
        raise Broken(f"the event with seq {seq} is not what its id says")
    signature = bytes_of(told.get("sig"), 64, f"the signature of the event with seq {seq}")
    check_signature(_key(keys, told.get("kid"), "event"), signature, body, f"the event with seq {seq}")
    _check_place(told, leaf_hash(body), seq, log)
    return dict(data)


def _check_place(told: Object, leaf: bytes, seq: int, log: Log) -> None:
    path = [bytes_of(node, 32, "a hash of a proof") for node in part(told, "path", list)]
    if proved_root(leaf, seq - 1, log[0], path) != log[1]:
        raise Broken(f"the event with seq {seq} is not in the log of the checkpoint")


def _check_statement(capsule: Object, keys: Keys) -> tuple[dict[int, Object], bool]:
    """What was stated of events with hidden fields, by seq; whether the coordinator has compared it."""
    if "disclosure" not in capsule:
        return {}, False
    data = part(told := part(capsule, "disclosure", dict), "data", dict)
    same = all(data.get(name) == capsule[name] for name in (*LOG_NAMES, "visit"))
    if data.get("kind") != "disclosure" or not same:
        raise Broken("the statement of hidden fields is about another visit")
    body, what = canonical(data), "the statement of hidden fields"
    check_signature(_key(keys, told.get("kid"), "event"), bytes_of(told.get("sig"), 64, what), body, what)
    counter = told.get("countersigned")
    if counter is not None:
        what, sig = "the comparison of hidden fields", part(told, "countersigned", dict).get("sig")
        check_signature(_key(keys, counter.get("kid"), "ack"), bytes_of(sig, 64, what), body, what)
    return {part(one, "seq", int): one for one in part(data, "events", list)}, counter is not None


def _check_disclosed(told: Object, capsule: Object, stated: dict[int, Object], log: Log) -> Object:
    """The fields of an event that are shown, in their places."""
    seq, data = part(told, "seq", int), Object()
    leaf = bytes_of(told.get("leaf"), 32, f"the leaf of the event with seq {seq}")
    hashes = [bytes_of(one, 32, "a hidden field") for one in part(told, "hidden", list)]
    for entry in part(told, "shown", list):
        salt, pointer, value = entry if isinstance(entry, list) and len(entry) == 3 else (None, None, None)
        if type(salt) is not str or type(pointer) is not str or (isinstance(value, dict | list) and value):
            raise Broken(f"a field of the event with seq {seq} is no salt, pointer and value")
        hashes.append(leaf_hash(canonical({"f": pointer, "s": salt, "v": value})))
        _put(data, pointer, value, seq)
    found = hashlib.sha256(b"\x01" + b"".join(sorted(hashes))).digest()
    if stated.get(seq) != {"seq": seq, "leaf": b64url(leaf), "fields": b64url(found)}:
        raise Broken(f"the fields of the event with seq {seq} are not those that were stated")
    if data.get("seq") != seq or any(data.get(name) != capsule[name] for name in LOG_NAMES):
        raise Broken(f"the event with seq {seq} is of another log")
    _check_place(told, leaf, seq, log)
    return data


def _put(data: Object, pointer: str, value: Any, seq: int) -> None:  # noqa: ANN401
    """Builds the shown part; what stands in a list keeps its number as its name."""
    *way, name = pointer.split(".")
    for step in way:
        data = data.setdefault(step, {}) if isinstance(data, dict) else None
    if not isinstance(data, dict) or name in data:
        raise Broken(f"the field {pointer[:80]} of the event with seq {seq} is there twice")
    data[name] = value


def whole(value: Any) -> Any:  # noqa: ANN401
    """Lists again where `_put` has made numbered names."""
    if not value or not isinstance(value, dict):
        return value
    if all(re.fullmatch("#[0-9]{1,4}", name) for name in value):
        return [whole(value[name]) for name in sorted(value, key=lambda name: int(name[1:]))]
    return {name: whole(item) for name, item in value.items()}


def _check_word(data: Object, place: str, keys: Keys, mode: str, hidden: bool) -> int:
    """1 for a good one, 0 for none. One with a hidden field can't be checked by its own signature: not counted."""
    told = whole(data.get(place))
    if told is None:
        return 0
    try:
        decision = part(told, "data", dict)
        role = "release" if place == "voucher" or decision.get("action") == "release" else "hold"
        name, what = told.get("kid"), f"the {place} in the event with seq {data['seq']}"
        if role == "hold" and isinstance(name, str) and name in keys and role not in keys[name][1]:
            role = "release"  # who may let a parcel go may also stop it
        if decision.get("hub") != data["hub"] or decision.get("mode") != mode:
            raise Broken(f"{what} is for another hub or mode")
        check_signature(
            _key(keys, name, role), bytes_of(told.get("sig"), 64, what), canonical(decision), what
        )
    except Broken:
        if hidden:
            return 0
        raise
    return 1


def main(arguments: list[str] | None = None) -> int:
    reader = argparse.ArgumentParser(prog="capsule_verifier", description="Checks an evidence capsule.")
    reader.add_argument("file", metavar="FILE")
    reader.add_argument(
        "--key", metavar="PUBLIC", action="append", help="believe only these keys (base64url)"
    )
    words = "\0".join(sys.argv[1:] if arguments is None else arguments).replace("--key\0", "--key=")
    given = reader.parse_args([*filter(None, words.split("\0"))])  # a key may begin with "-"
    source = "" if given.key else "; the keys come from the file itself, so it proves no origin: give --key"
    try:
        with open(given.file, "rb") as file:
            raw = file.read(FILE_MAX + 1)
        if len(raw) > FILE_MAX:
            raise Broken(f"more than {FILE_MAX} bytes")
        verdict, status = f"ok: {check_capsule(parse(raw), given.key)}{source}", 0
    except (Broken, RecursionError) as fault:
        verdict, status = f"fault: {fault}", 1
    except OSError as error:
        verdict, status = f"can't read {given.file}: {error.strerror}", 2
    sys.stdout.write(verdict + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
