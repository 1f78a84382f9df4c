"""What `device.changed` says of configurations: offered by the hub's IT, or another one in force than before."""

from edge.core.inputs import ConfigChanged, ConfigOffered

Note = tuple[tuple[str, str | int], ...]


def notes_of(given: ConfigOffered | ConfigChanged) -> list[Note]:
    """One note an event: accepted or refused (contract §6, `cfg`); or another one in force, and each changed device."""
    match given:
        case ConfigOffered(_, version, digest, refused):
            said = "accepted" if refused is None else "refused"
            why: Note = () if refused is None else (("why", refused),)
            return [(("configuration", said), ("version", version), ("sha256", digest), *why)]
        case ConfigChanged(_, before, digest, devices):
            return [(("configuration", "changed"), ("sha256_before", before), ("sha256", digest)), *devices]
