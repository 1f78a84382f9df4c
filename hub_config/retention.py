"""How long a hub keeps what its coordinator knows (clearance contract §12). Whole days; none of it is legal advice."""

from typing import Annotated, Final

from hub_config.values import Entry, whole

DAYS_MAX: Final = 36_525
"""A hundred years."""
MEASUREMENTS_MIN_DAYS: Final = 90
"""Mass, dimensions and record numbers stand in the events, and stay at least this long."""


class Retention(Entry):
    events_days: Annotated[int, whole(MEASUREMENTS_MIN_DAYS, DAYS_MAX)] = 3_652
    """Events, decisions, checkpoints and vouchers of mode live; ten years."""
    declarations_days: Annotated[int, whole(MEASUREMENTS_MIN_DAYS, DAYS_MAX)] = 3_652
    """Declarations and what other parties answered about them; never sooner than the visits they were for."""
    practice_days: Annotated[int, whole(1, DAYS_MAX)] = 14
    """Everything of mode practice, which has a database of its own."""


DEFAULT: Final = Retention()
