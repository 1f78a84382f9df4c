"""The operator of a bench: looks at the screen, and acts with hands, a scanner and human delays.

What the screen says decides the next act; nothing else does, except the mistakes of the parcel's plan. The operator
puts a parcel only into the bay the screen names (a wrong bay is scanned by mistake, and then the right one), believes
a bay scan only once the screen has gone on, and does nothing while the screen is lost. Every wait ends: each look
is followed by another, and a screen that says the same for `Habits.stuck_ns` makes the operator start the parcel again.
"""

import random
from collections.abc import Mapping

from hub_config.names import Instant
from simulators.mistakes import LIFTS_AFTER_NS, RATES_PPM, SCALE_SILENT_NS, SPOILS, Mistake, plan
from simulators.parcels import Parcel
from simulators.screen import BAY_SHOWN, UNFINISHED, View, gist, revision, works
from simulators.supply import Supply
from simulators.task import RESCAN_NS, Habits, Hands, Placed, Span, Task
from simulators.world import Token, World


class Operator:
    def __init__(
        self,
        world: World,
        hands: Hands,
        supply: Supply,
        seed: int,
        bays: Mapping[str, str],
        pace: float = 1.0,
        rates_ppm: Mapping[Mistake, int] = RATES_PPM,
        habits: Habits | None = None,
    ) -> None:
        self._world = world
        self._hands = hands
        self._supply = supply
        self._seed = seed
        self._bays = dict(bays)
        self._pace = pace
        self._rates_ppm = rates_ppm
        self._habits = habits if habits is not None else Habits()
        self._rng = random.Random(f"hands/{seed}")
        self._task: Task | None = None
        self._ahead: Task | None = None
        """The next parcel, put on the scale too early."""
        self._careless = False
        """Puts the next parcel on without a look at the display."""
        self._view: View | None = None
        self._screen_lost = False
        self._changed_at = world.now
        self._pending: tuple[Instant, Token] | None = None
        self._postponed = False
        self.placed: dict[int, Placed] = {}
        self.strangers: list[object] = []
        """Visits the screen wanted in a bay with no parcel at hand; closed by scanning the bay shown."""
        self.done = supply.finished

    @property
    def at_work_on(self) -> int | None:
        """Number of the parcel in hand."""
        return self._task.parcel.number if self._task is not None else None

    @property
    def in_hand(self) -> tuple[int, ...]:
        """Numbers taken from the stream and not in a bay yet."""
        return tuple(task.parcel.number for task in (self._task, self._ahead) if task is not None)

    def look(self, view: View | None) -> None:
        """The screen as it is now; None while it is lost or can't be reached."""
        before, self._view = self._view, view
        if view is None or (before is not None and revision(view) < revision(before)):
            self._screen_lost = True
        if view is not None and (before is None or gist(view) != gist(before)):
            self._changed_at = self._world.now
            self._think_after(self._span(self._habits.react))

    # Thinking ---------------------------------------------------------------------------------------

    def _think_after(self, ns: int) -> None:
        """At the earlier of this and what was planned."""
        at = Instant(self._world.now + ns)
        if self._pending is not None:
            if self._pending[0] <= at:
                return
            self._world.cancel(self._pending[1])
        self._pending = (at, self._world.call_at(at, self._think))

    def _think(self) -> None:
        self._pending = None
        if self.done:
            return
        since = self._world.now - self._changed_at
        quickest = self._paced(self._habits.react[0])
        if since < quickest and not self._postponed:
            self._postponed = True
            self._think_after(quickest - since)
            return
        self._postponed = False
        if self._view is not None:
            self._act(self._view)
        self.done = self._task is None and self._ahead is None and self._supply.finished
        self._think_after(self._paced(self._habits.glance_ns))

    def _act(self, view: View) -> None:
        if self._screen_lost and self._task is not None and not self._task.took_bay(view):
            self._task.forget_bay()  # a bay scan that no screen confirms has not happened
            if view["instruction"] == "scan_or_weigh":
                self._start_again(self._task)
        self._screen_lost = False
        self._finish_if_confirmed(view)
        task = self._task if self._task is not None else self._next_task(view)
        if view["instruction"] == "clear_scale":
            self._clear_scale(task)
        elif task is not None and self._world.now - self._changed_at > self._habits.stuck_ns and works(view):
            self._changed_at = self._world.now
            self._start_again(task)
        elif task is not None:
            self._follow(task, view)

    def _follow(self, task: Task, view: View) -> None:
        match view["instruction"]:
            case "scan_or_weigh":
                self._begin(task)
            case "put_on_scale":
                self._weigh(task, patience_ns=self._habits.patience_ns)
            case "hold_still":
                self._weigh(task, patience_ns=self._habits.weighing_patience_ns)
                if view.get("code") in task.numbers and task.errs("next_label_measuring"):
                    self._scan_next_label()
            case "scan_label":
                self._label(task)
            case "wait_decision":
                self._lift(task, view)
            case "put_in_bay":
                self._to_bay(task, view)
            case "rescan_or_bay":
                self._once_more_or_bay(task, view)
            case _:  # call_it, and what a later screen may say: wait
                pass

    def _finish_if_confirmed(self, view: View) -> None:
        """The bay was scanned and the screen has gone on: the parcel is in its bay."""
        task = self._task
        if task is None or task.told is None or task.bay_at is None:
            return
        visit, bay, lane = task.told
        same = view["visit"] == visit and view["instruction"] in UNFINISHED
        if task.bay_tried != bay or same or not works(view):
            return
        placed = self.placed[task.parcel.number] = Placed(str(bay), str(lane), str(visit), task.bay_at)
        self._supply.put(task.parcel, placed)
        self._task, self._ahead = self._ahead, None

    # Taking and starting parcels --------------------------------------------------------------------

    def _next_task(self, view: View) -> Task | None:
        free = view["instruction"] in ("scan_or_weigh", "clear_scale")
        parcel = self._supply.take() if free else None
        if parcel is not None:
            self._task = self._new_task(parcel)
        elif (
            view["instruction"] in BAY_SHOWN
            and self._world.now - self._changed_at > self._habits.stuck_ns // 2
        ):
            self._changed_at = self._world.now
            self.strangers.append(view["visit"])
            self._hands.scan_bay(self._barcode(view["bay"]))
        return self._task

    def _new_task(self, parcel: Parcel) -> Task:
        its_plan = plan(self._seed, parcel, self._rates_ppm)
        task = Task(parcel, its_plan, list(its_plan.mistakes), [], self._world.now)
        task.write_script()
        return task

    def _begin(self, task: Task) -> None:
        """The screen is ready for a parcel."""
        ignored = self._world.now - task.acted_at > self._habits.patience_ns
        if not task.script and (ignored or not task.begun):
            self._start_again(task)
        if task.script:
            self._do_step(task)

    def _start_again(self, task: Task) -> None:
        if not self._hands.pan_empty:
            self._clear_pan(task)
        task.write_script()
        task.begun = False
        task.forget_bay()
        task.items_scanned = task.tries = 0
        task.acted_at = self._world.now

    def _do_step(self, task: Task) -> None:
        step = task.script[0]
        if step == "lift":
            self._hands.lift()
            task.on_pan = False
            finished = True
        else:
            finished = self._scan(task) if step == "scan" else self._put(task)
        if not finished:
            return
        task.acted_at = self._world.now
        task.begun = True
        task.script.pop(0)
        if step == "put" and task.errs("lifts_early"):
            task.script.insert(0, "lift")
            self._think_after(LIFTS_AFTER_NS)
        elif task.script:
            self._think_after(self._span(self._habits.hand))

    # Scale ------------------------------------------------------------------------------------------

    def _put(self, task: Task) -> bool:
        """True once the parcel lies on the scale."""
        if task.on_pan:
            return True
        if not self._careless and not self._pan_ready(task):
            return False
        self._careless = False
        for mistake, fault in SPOILS:
            if task.errs(mistake):
                self._hands.spoil_scale(fault)
        if task.errs("scale_silent"):
            self._hands.silence_scale(SCALE_SILENT_NS)
        self._hands.put_on(task.parcel)
        task.on_pan = True
        return True

    def _pan_ready(self, task: Task) -> bool:
        if not self._hands.pan_empty:
            self._clear_pan(task)
        if self._hands.zero_for(self._habits.zero_rest_ns):
            return True
        self._press_zero_if_due(task)
        self._think_after(self._paced(self._habits.zero_glance_ns))
        return False

    def _weigh(self, task: Task, patience_ns: int) -> None:
        if task.script:
            self._do_step(task)
        elif not task.on_pan and self._world.now - task.acted_at > self._paced(self._habits.react[1]):
            task.script = ["put"]
            self._do_step(task)
        elif task.on_pan and self._world.now - task.acted_at > patience_ns and not self._hands.overloaded:
            task.script = ["lift", "put"]
            self._do_step(task)

    def _clear_scale(self, task: Task | None) -> None:
        if not self._hands.pan_empty:
            self._clear_pan(task)
            return
        if task is None:
            return
        task.script, task.begun = [], False
        self._press_zero_if_due(task)

    def _press_zero_if_due(self, task: Task) -> None:
        if self._world.now - task.acted_at > self._habits.zero_key_after_ns:
            task.acted_at = self._world.now
            self._hands.press_zero()

    def _clear_pan(self, task: Task | None) -> None:
        self._hands.clear_pan()
        self._careless = False
        for one in (task, self._ahead):
            if one is not None:
                one.on_pan = False
                one.acted_at = self._world.now

    def _lift(self, task: Task, view: View) -> None:
        """Takes the measured parcel off; here something may stay behind, or the next come too soon."""
        if not task.on_pan:
            return
        weighed = view.get("mass_mg") is not None
        residue = weighed and task.errs("leaves_residue")
        self._hands.lift(task.plan.residue_mg if residue else 0)
        self._careless = self._careless or residue
        task.on_pan = False
        task.acted_at = self._world.now
        if weighed and not residue and self._ahead is None:
            self._put_next_too_soon()

    def _put_next_too_soon(self) -> None:
        upcoming = self._supply.upcoming
        if upcoming and "next_before_zero" in plan(self._seed, upcoming, self._rates_ppm).mistakes:
            self._ahead = self._new_task(self._supply.take_upcoming())
            self._hands.put_on(upcoming)
            self._ahead.on_pan = True

    # Scanner ----------------------------------------------------------------------------------------

    def _scan(self, task: Task) -> bool:
        """Pulls the trigger once; True when nothing of the label is left to scan."""
        task.acted_at = self._world.now
        wait_ns = task.rescan_wait_ns(self._world.now) if task.items_scanned == 0 else 0
        if wait_ns > 0:
            self._think_after(wait_ns)
            return False
        self._think_after(self._span(self._habits.hand))
        if not task.parcel.items:
            self._hands.fail_trigger()
            task.tries += 1
            return True
        if task.errs("scanner_no_read"):
            self._hands.fail_trigger()
            task.tries += 1
            return False
        if task.errs("extra_code_first") and task.parcel.extras:
            self._hands.scan(task.parcel.extras[0], task.parcel)
            return False
        self._scan_item(task)
        return task.items_scanned == len(task.parcel.items)

    def _scan_item(self, task: Task) -> None:
        code = task.parcel.items[task.items_scanned]
        task.items_scanned += 1
        task.tries += 1
        task.label_at = self._world.now
        garbled = task.errs("scanner_garble")
        self._hands.scan(code, task.parcel, garbled=garbled)
        if task.errs("double_trigger"):
            again_ns = task.plan.double_trigger_ns
            self._world.call_after(again_ns, lambda: self._hands.scan(code, task.parcel))

    def _label(self, task: Task) -> None:
        """Weighed, and the screen asks for the label: try, and give up by taking the parcel off."""
        if task.script and task.script[0] != "put":
            self._do_step(task)
        elif task.tries >= task.label_tries_max:
            if task.on_pan and self._world.now - task.acted_at > self._paced(self._habits.react[1]):
                task.script = ["lift"]
                self._do_step(task)
        elif task.rescan_wait_ns(self._world.now) == 0:
            task.items_scanned = 0
            self._scan(task)

    def _scan_next_label(self) -> None:
        """By mistake: the label of the parcel that is still in the cage."""
        upcoming = self._ahead.parcel if self._ahead is not None else self._supply.upcoming
        if upcoming is not None and upcoming.items:
            self._hands.scan(upcoming.items[0], upcoming)

    # Bays -------------------------------------------------------------------------------------------

    def _to_bay(self, task: Task, view: View) -> None:
        task.script = []
        bay = view["bay"]
        told = (view["visit"], bay, view["lane"])
        if bay is None:
            return
        if task.on_pan:
            self._lift(task, view)
        if task.told != told:
            slow_ns = task.plan.slow_bay_ns if task.errs("slow_bay") else 0
            task.told, task.bay_at, task.bay_tried = told, None, None
            task.arrives_at = Instant(self._world.now + self._span(self._habits.carry) + slow_ns)
        if self._world.now < task.arrives_at:
            self._think_after(task.arrives_at - self._world.now)
        elif task.errs("next_label_bay"):
            self._scan_next_label()
        elif task.errs("wrong_bay") and len(self._bays) > 1:
            self._scan_bay(task, self._rng.choice([one for one in sorted(self._bays) if one != bay]))
        elif task.bay_tried != bay or task.bay_at is None or self._world.now - task.bay_at >= RESCAN_NS:
            self._scan_bay(task, bay)

    def _scan_bay(self, task: Task, bay: object) -> None:
        task.bay_tried, task.bay_at = bay, self._world.now
        self._hands.scan_bay(self._barcode(bay))
        self._think_after(self._span(self._habits.react))

    def _barcode(self, bay: object) -> str:
        barcode = self._bays.get(str(bay))
        if barcode is None:
            raise ValueError(f"operator: the screen names bay {bay!r}, this bench has {sorted(self._bays)}")
        return barcode

    def _once_more_or_bay(self, task: Task, view: View) -> None:
        task.script = []
        if not self._hands.pan_empty and self._ahead is None:
            self._clear_pan(task)
        if task.told is not None or not task.worth_a_retry:
            self._to_bay(task, view)
        elif task.rescan_wait_ns(self._world.now) > 0:
            self._think_after(task.rescan_wait_ns(self._world.now))
        elif self._pan_ready(task):
            task.retries += 1
            task.items_scanned = 0
            task.acted_at = self._world.now
            self._scan_item(task)

    # Being human ------------------------------------------------------------------------------------

    def _span(self, span: Span) -> int:
        return self._paced(self._rng.randint(*span))

    def _paced(self, ns: int) -> int:
        return int(ns * self._pace)
