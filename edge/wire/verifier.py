"""An independent check of published events and exported journals: `python -m edge.wire.verifier FILE`.

FILE is JSON lines: a header {"journal":1,"hub":..,"gw":..,"epoch":..,"keys":{kid:public}}, if need be with
"begins":[seq,prev] of the first event not pruned, then one CloudEvent a line as it was published. Prints one verdict;
exit 0 all whole, 1 at the first fault, 2 if FILE can't be read. Needs `cryptography`, nothing of the gateway.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, BinaryIO, Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MESSAGE_MAX = 65536
NESTING_MAX = 32
INTEGER_LIMIT = 2**53

KEY = re.compile("[-_a-z0-9]+").fullmatch
NAME = "[-_A-Za-z0-9]{1,64}"
TIME = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}[.][0-9]{6}Z"
FORBIDDEN = re.compile("[\x00\ud800-\udfff]").search
BASE64 = re.compile("[-_A-Za-z0-9]+").fullmatch
encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode  # RFC 8785 once checked


class Refused(Exception):  # noqa: N818  (a verdict, not a mishap)
    """A message or file that the contract does not allow."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


def canonical(data: Any) -> bytes:  # noqa: ANN401  (any JSON; what is not, is refused)
    """RFC 8785 bytes of a value within the limits of the contract."""
    _check([data], -1)
    return encode(data).encode("utf-8")


def _check(holder: Any, depth: int) -> None:  # noqa: ANN401
    if depth == NESTING_MAX:
        raise Refused("too_deep", f"more than {NESTING_MAX} levels")
    for key in holder if type(holder) is dict else ():
        if type(key) is not str or not KEY(key):
            raise Refused("bad_key", ascii(key)[:40])
    for value in holder.values() if type(holder) is dict else holder:
        kind = type(value)
        if kind is str:
            if not value.isprintable() and (found := FORBIDDEN(value)):
                raise Refused("bad_text", f"U+{ord(found[0]):04X} in a string")
        elif kind is dict or kind is list:
            _check(value, depth + 1)
        elif kind is float or (kind is int and abs(value) >= INTEGER_LIMIT):
            raise Refused("bad_number", "not an integer below 2^53")
        elif value is not None and kind is not bool and kind is not int:
            raise Refused("bad_shape", f"a {kind.__name__} is not JSON")


def parse(payload: bytes) -> dict[str, Any]:
    """The object in `payload`; JSON that two parsers could read differently is refused."""
    value = _load(payload)
    _check(value, 0)
    return value


def _load(payload: bytes) -> dict[str, Any]:
    if len(payload) > MESSAGE_MAX:
        raise Refused("too_large", f"{len(payload)} bytes, limit {MESSAGE_MAX}")
    try:
        value = decode(str(payload, "utf-8", "strict"))
    except ValueError as error:
        raise Refused("not_json", str(error)[:120]) from None
    except RecursionError:
        raise Refused("too_deep", f"more than {NESTING_MAX} levels") from None
    if type(value) is not dict:
        raise Refused("bad_shape", "not an object")
    return value


def _one(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise Refused("duplicate_key", "a key occurs twice in one object")
    return found


def _int(text: str) -> Any:  # noqa: ANN401
    return int(text) if len(text) < 18 else _no(text)


def _no(text: str) -> Any:  # noqa: ANN401
    raise Refused("bad_number", text[:40])


decode = json.JSONDecoder(object_pairs_hook=_one, parse_int=_int, parse_float=_no, parse_constant=_no).decode


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw, altchars=b"-_").decode().replace("=", "")


def _unb64(text: Any, length: int) -> bytes:  # noqa: ANN401
    """The bytes, only from their one spelling: changed spare bits are a change."""
    if type(text) is str and BASE64(text) and len(text) == (length * 4 + 2) // 3:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if _b64(raw) == text:
            return raw
    raise Refused("bad_signature", f"not {length} bytes of base64url")


load_key = lru_cache(64)(lambda public: Ed25519PublicKey.from_public_bytes(_unb64(public, 32)))


def identity(body: bytes) -> str:
    """Event id of canonical bytes; `identity(b"")` is what the first event of an epoch points at."""
    return "ni:///sha-256;" + _b64(hashlib.sha256(body).digest())


@lru_cache(64)
def kid(public: str) -> str:
    return _b64(hashlib.sha256(_unb64(public, 32)).digest())[:16]


def _check_signature(body: bytes, key: Any, sig: Any, keys: Mapping[str, str]) -> None:  # noqa: ANN401
    if type(key) is not str or key not in keys or kid(keys[key]) != key:
        raise Refused("unknown_key", f"no public key for {ascii(key)[:40]}")
    try:
        load_key(keys[key]).verify(_unb64(sig, 64), body)
    except InvalidSignature:
        raise Refused("bad_signature", f"not made by {key}") from None


def _text(pattern: str) -> Callable[[Any], bool]:
    matches = re.compile(pattern).fullmatch
    return lambda value: type(value) is str and matches(value) is not None


def _count(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


FIELDS: dict[str, Callable[[Any], bool]] = {
    "v": lambda value: type(value) is int and value == 1,
    "kind": _text("[a-z0-9_]+([.][a-z0-9_]+)*"),
    "mode": lambda value: value in ("live", "practice", "replay"),
    **dict.fromkeys(("hub", "line", "gw"), _text(NAME)),
    **dict.fromkeys(("epoch", "seq"), _count(1)),
    **dict.fromkeys(("t_unc_us", "mono_us"), _count(0)),
    "prev": _text("ni:///sha-256;[-_A-Za-z0-9]{43}"),
    "visit": lambda value: value is None or FIELDS["gw"](value),
    "t": _text(TIME),
    "t_src": lambda value: value in ("ptp", "ntp", "rtc", "none"),
    "flags": lambda value: type(value) is list and all(type(flag) is str for flag in value),
    "prov": lambda value: type(value) is dict,
}


def _check_agreement(envelope: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    for name, allowed in FIELDS.items():
        if name not in data or not allowed(data[name]):
            raise Refused("bad_shape", f"data.{name}")
    if (data["visit"] is None) != (data["line"] == "gw"):
        raise Refused("bad_shape", "line gw and visit null go together")
    subject = data["visit"] or data["gw"]
    for name, told in (
        ("specversion", "1.0"),
        ("source", f"urn:ehub:{data['hub']}:{data['gw']}:e{data['epoch']}"),
        ("type", f"org.ehub.{data['kind']}.v1"),
        ("subject", subject),
        ("time", data["t"]),
        ("sequence", str(data["seq"]).zfill(16)),
        ("partitionkey", subject),
        ("datacontenttype", "application/json"),
    ):
        if envelope.get(name) != told:
            raise Refused("attribute_mismatch", name)


class Checked(NamedTuple):
    data: dict[str, Any]
    id: str
    kid: str | None  # whose signature it bears; None if it is unsigned
    body: bytes  # what was signed: the canonical bytes of data


def examine(payload: bytes, keys: Mapping[str, str], allow_unsigned: bool = False) -> Checked:
    """A published event, if all is as it must be. `keys`: kid → public key of the gateway whose events these are.
    Unsigned events exist only in simulated runs and never in mode live."""
    envelope = parse(payload)
    data = envelope.get("data")
    if type(data) is not dict:
        raise Refused("bad_shape", "no data")
    _check_agreement(envelope, data)
    event = identity(body := encode(data).encode("utf-8"))
    if envelope.get("id") != event:
        raise Refused("bad_id", "id is not the hash of data")
    if "ehubsig" in envelope or "ehubkid" in envelope:
        _check_signature(body, envelope.get("ehubkid"), envelope.get("ehubsig"), keys)
    elif not allow_unsigned or data["mode"] == "live":
        raise Refused("bad_signature", "unsigned")
    return Checked(data, event, envelope.get("ehubkid"), body)


Outcome = Literal["ok", "old", "gap", "fork"]


class ChainCheck:
    """The gapless prefix of one (gateway, epoch), by seq and id of its last event. feed: `ok` extends it; `gap` is
    further on; `old` is at or before its end (whoever stored it compares the ids); `fork` contradicts it: another event
    in the last one's place, or one that points at another predecessor."""

    def __init__(self, next_seq: int = 1, last_id: str = identity(b"")) -> None:
        self.next_seq, self.last_id = next_seq, last_id

    def feed(self, data: Mapping[str, Any], event: str) -> Outcome:
        seq = data["seq"]
        if seq > self.next_seq:
            return "gap"
        if seq < self.next_seq:
            return "fork" if seq == self.next_seq - 1 and event != self.last_id else "old"
        if data["prev"] != self.last_id:
            return "fork"
        self.next_seq, self.last_id = seq + 1, event
        return "ok"


def check_file(file: BinaryIO, trusted: Mapping[str, str] | None, allow_unsigned: bool) -> str:
    """The verdict on a whole file; raises Refused naming line and seq of the first fault."""
    line, signed, chain = 1, 0, ChainCheck()
    try:
        header = _header(_line(file))
        keys, chain = header["keys"] if trusted is None else trusted, ChainCheck(*header["begins"])
        while raw := _line(file):
            line += 1
            event = examine(raw, keys, allow_unsigned)
            if any(event.data[name] != header[name] for name in ("hub", "gw", "epoch")):
                raise Refused("attribute_mismatch", "hub, gw or epoch is not that of the header")
            if (outcome := chain.feed(event.data, event.id)) != "ok":
                raise Refused(outcome, f"the chain wants another event than this seq {event.data['seq']}")
            signed += event.kid is not None
    except Refused as fault:
        where = "line 1, the header" if line == 1 else f"line {line}, seq {chain.next_seq}"
        raise Refused(where, str(fault)) from None
    events, pruned = line - 1, header["begins"][0] - 1
    unsigned = f", {events - signed} unsigned" if events > signed else ""
    return f"{events} events{f' after {pruned} pruned' * (pruned > 0)}, chain whole, {signed} signatures good{unsigned}"


def _line(file: BinaryIO) -> bytes:
    raw = file.readline(MESSAGE_MAX + 2)
    if raw in (b"", b"\n") or raw.endswith(b"\n"):
        return raw[:-1] or raw
    raise Refused("not_json", "the line is cut off or too long")


def _header(raw: bytes) -> dict[str, Any]:
    header = _load(raw)
    keys, whole = header.get("keys"), all(FIELDS[name](header.get(name)) for name in ("hub", "gw", "epoch"))
    begins = header.setdefault("begins", [1, identity(b"")])
    whole &= type(begins) is list and [*map(type, begins)] == [int, str] and begins[0] > 0
    if header.get("journal") != 1 or not whole or type(keys) is not dict:
        raise Refused("bad_shape", "not the header of a journal of version 1")
    for name, public in keys.items():
        if kid(public) != name:
            raise Refused("unknown_key", f"{ascii(name)[:40]} is not the kid of its public key")
    return header


def main(arguments: list[str] | None = None) -> int:
    reader = argparse.ArgumentParser(prog="verifier", description="Checks an exported journal.")
    reader.add_argument("file", metavar="FILE")
    reader.add_argument("--key", metavar="PUBLIC", action="append", help="believe only this key (base64url)")
    reader.add_argument("--allow-unsigned", action="store_true", help="for simulated runs, signed in part")
    told = "\0".join(sys.argv[1:] if arguments is None else arguments).replace("--key\0", "--key=")
    given = reader.parse_args([*filter(None, told.split("\0"))])  # a key may begin with "-"
    source = "" if given.key else "; the keys come from the file itself, so it proves no origin: give --key"
    try:
        trusted = {kid(public): public for public in given.key} if given.key else None
        with open(given.file, "rb") as file:
            verdict, status = f"ok: {check_file(file, trusted, given.allow_unsigned)}{source}", 0
    except Refused as fault:
        verdict, status = f"fault: {fault}", 1
    except OSError as error:
        verdict, status = f"can't read {given.file}: {error.strerror}", 2
    sys.stdout.write(verdict + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
