"""What a random graph is made of: one small function an operator, in a table.

A function adds an operator (or a few that belong together) to the sketch and says True, or finds nothing that it could
work on and says False. It is registered with the operators that modelc must know for it, and with a weight.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .sketch import Sketch


@dataclass(frozen=True)
class Entry:
    """A row of the table."""

    add: Callable[[Sketch], bool]
    needs: tuple[str, ...]
    weight: float


TABLE: dict[str, Entry] = {}


def entry(*needs: str, weight: float = 1.0) -> Callable[[Callable[[Sketch], bool]], Callable[[Sketch], bool]]:
    """Registers a function under its name; `needs` are TFLite's names of the operators that it may use."""

    def register(add: Callable[[Sketch], bool]) -> Callable[[Sketch], bool]:
        TABLE[add.__name__] = Entry(add, needs, weight)
        return add

    return register
