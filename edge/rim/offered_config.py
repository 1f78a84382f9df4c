"""A configuration that the hub's IT has sent: checked like a file, kept as it was signed, used from the next start.

What decides whom a gateway believes and where it talks to stays at the gateway: hub, gateway, mode, coordinator, broker
and trust of an offered configuration must be those of the file that it runs by. Versions only rise.
"""

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from drivers.external import external_findings
from edge.wire.canonical import WireError
from edge.wire.it_orders import OfferedText, parse_config
from edge.wire.signing import TrustStore
from edge.wire.topics import Topics
from hub_config.hub import HubConfig
from hub_config.load import ConfigFaults, load

OFFER_FILE: Final = "config-offered.json"
"""The message that was accepted last, the digest of the file it was accepted beside, and of the last one looked at."""
FIXED: Final = ("hub", "gateway", "coordinator", "broker", "trust")
FAULTS_TOLD: Final = 3

log = logging.getLogger("hub.config")


class OfferedConfig:
    """One thread at a time: the start's, then the uplink's. `written` is what the gateway's own file says."""

    def __init__(self, data: Path, written: HubConfig, trust: TrustStore, topics: Topics) -> None:
        self._path = data / OFFER_FILE
        self._text = data / "config-offered.toml"
        self._written = written
        self._trust = trust
        self._topics = topics
        self._kept = self._read()

    def accepted(self) -> tuple[int, HubConfig] | None:
        """What to run by instead of the file; None where nothing was accepted, it is not believed any more, or the
        file has been changed since: who stands before the machine has the last word."""
        payload = self._kept.get("accepted")
        if payload is None:
            return None
        if self._kept.get("beside") != self._written.digest():
            log.warning("the file has been changed since a configuration was accepted: the file is used")
            return None
        try:
            offered = self._verify(payload.encode())
            return offered.version, self._check(offered)
        except (WireError, ConfigFaults, ValueError, OSError) as fault:
            log.error("the accepted configuration can't be used (%s): the file is used", fault)
            return None

    def take(self, payload: bytes) -> tuple[OfferedText, str | None] | None:
        """Why it is refused, or None in its place; None altogether for one that was looked at before (it is retained).
        Raises WireError for what is not to be believed, and OSError."""
        offered = self._verify(payload)
        seen = hashlib.sha256(payload).hexdigest()
        if self._kept.get("seen") == seen:
            return None
        if offered.version <= self._kept.get("version", 0):
            newest = self._kept["version"]
            raise WireError("old_version", f"version {offered.version}; {newest} was accepted before")
        refused: str | None = None
        try:
            self._check(offered)
        except ConfigFaults as faults:
            told = "; ".join(
                f"line {one.line}: {one.where}: {one.what}" for one in faults.faults[:FAULTS_TOLD]
            )
            refused = f"{len(faults.faults)} faults: {told}"
        except ValueError as fixed:
            refused = str(fixed)
        kept = self._kept | {"seen": seen}
        if refused is None:
            kept |= {
                "accepted": payload.decode(), "version": offered.version, "beside": self._written.digest(),
            }  # fmt: skip
        self._write(kept)
        return offered, refused

    def _verify(self, payload: bytes) -> OfferedText:
        return parse_config(payload, self._trust, self._topics.hub, self._topics.gateway, self._topics.mode)

    def _check(self, offered: OfferedText) -> HubConfig:
        """Raises ConfigFaults, or ValueError for what may not be changed from afar."""
        self._text.write_text(offered.toml, encoding="utf-8")
        config = load(self._text, external_findings)
        changed = [name for name in FIXED if getattr(config, name) != getattr(self._written, name)]
        if changed:
            raise ValueError(f"it changes {', '.join(changed)}, which is set at the gateway only")
        return config

    def _read(self) -> dict[str, Any]:
        with suppress(FileNotFoundError, NotADirectoryError):  # the second is told where the folder is needed
            try:
                told = json.loads(self._path.read_bytes())
                if isinstance(told, dict):
                    return told
            except ValueError:
                pass
            log.error("%s is damaged: the file that the gateway was started with is used", self._path)
        return {}

    def _write(self, kept: dict[str, Any]) -> None:
        """The old or the new one, whatever happens."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o600)
        fresh.replace(self._path)
        self._kept = kept
