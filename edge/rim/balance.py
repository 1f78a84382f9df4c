"""The balance of a gateway, in figures and files: read = journalled + rejected, journalled = acknowledged + pending."""

from edge.core.snapshot import Balance

Sums = dict[str, int]


def balance_told(
    readings: Balance | None, journalled: int, acknowledged: int, pending: int
) -> dict[str, object]:
    """`readings`: of the newest run; None where none has told them yet. `holds`: all that is told adds up."""
    told: dict[str, object] = {
        "events": {"journalled": journalled, "acknowledged": acknowledged, "pending": pending},
        "holds": journalled == acknowledged + pending,
    }
    if readings is not None:
        rejected = dict(readings.rejected)
        told["readings"] = {"read": readings.read, "journalled": readings.journalled, "rejected": rejected}
        told["holds"] = told["holds"] and readings.read == readings.journalled + sum(rejected.values())
    return told


def balance_text(readings: Balance | None, journalled: int, acknowledged: int, pending: int) -> str:
    """The same for a person."""
    lines = [f"events    journalled {journalled} = acknowledged {acknowledged} + pending {pending}"]
    if readings is not None:
        rejected = sum(count for _, count in readings.rejected)
        reasons = "".join(f", {reason} {count}" for reason, count in readings.rejected)
        lines.append(
            f"readings  read {readings.read} = journalled {readings.journalled} + rejected {rejected}{reasons}"
        )
    holds = balance_told(readings, journalled, acknowledged, pending)["holds"]
    return "\n".join([*lines, "adds up" if holds else "DOES NOT ADD UP: run hub journal verify"])
