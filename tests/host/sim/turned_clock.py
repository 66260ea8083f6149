"""As much of a Machine as the models of a chip use, its time turned by the test."""

from dataclasses import dataclass, field

from host.sim.machine import Power


@dataclass
class TurnedClock:
    """Time in ticks, timers by name, interrupt lines that are high; what a chip needs besides, its tests add."""

    tick_hz: int
    now: int = 0
    pc: int = 0x10000
    timers: dict = field(default_factory=dict)
    lines: set = field(default_factory=set)

    def at(self, name, tick, act, waits_for_host=False):
        self.timers[name] = (tick, act)

    def cancel(self, name):
        self.timers.pop(name, None)

    def line(self, irq, high):
        (self.lines.add if high else self.lines.discard)(irq)

    def residency_now(self):
        return {Power.RUN: self.now, Power.SLEEP: 0, Power.DEEP_SLEEP: 0}

    def turn(self, ticks):
        """Lets time pass, and every timer act that is due."""
        end = self.now + ticks
        while self.timers and min(self.timers.values(), key=lambda timer: timer[0])[0] <= end:
            name = min(self.timers, key=lambda name: self.timers[name][0])
            self.now, act = self.timers.pop(name)
            act()
        self.now = end
