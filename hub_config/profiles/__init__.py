"""Rule packs and settings of known hubs, as files beside this one."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def rules_file(hub: str) -> Path:
    """The rule pack shipped for a hub, for example MY-KUL-1. Raises FileNotFoundError with the hubs there are."""
    known = {path.name.removesuffix(".rules.toml"): path for path in sorted(_FOLDER.glob("*.rules.toml"))}
    if hub.lower() not in known:
        raise FileNotFoundError(
            f"no rule pack for hub {hub}; shipped are {', '.join(known)}; name a file instead"
        )
    return known[hub.lower()]
