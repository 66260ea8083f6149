"""The memory plan as a picture, for a review: SVG, steps from left to right, arena addresses from the bottom up."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from .graph import Graph
from .planner import Plan, Resident

_PLOT_HEIGHT = 560
_PLOT_WIDTH = 1240  # as near as whole columns come
_COLUMN = (16, 120)  # least and greatest width
_LEFT, _TOP, _RIGHT = 92, 122, 28
_LETTER = 0.56  # width of a letter in ems, on average
_FULL = "#b3261e"  # the arena's height, and the steps that fill it
_FONT = "font-family='Helvetica,Arial,sans-serif'"

# kind: fill, edge, what it is
_KINDS = {
    "tensor": ("#a9cbe8", "#2b5f8a", "tensor"),
    "state": ("#a8d8b0", "#2f7d4a", "state, kept from call to call"),
    "ring": ("#7fcdbb", "#16695a", "ring: state and new rows"),
    "heads": ("#bdbdbd", "#555555", "where the rings are"),
    "scratch": ("#f7c48a", "#b3661b", "scratch of one step"),
    "export": ("#d3b5e5", "#6b3f8a", "copy of an output"),
}
_PATTERN = (
    "<pattern id='shared' width='6' height='6' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
    "<rect width='2' height='6' fill='#ffffff' fill-opacity='0.55'/></pattern>"
)


@dataclass(frozen=True)
class _Block:
    """A resident in columns of the picture, [first, last], and what else has exactly its place."""

    resident: Resident
    first: int
    last: int
    others: list[Resident] = field(default_factory=list)
    begins_inside: bool = False  # in the middle of its first column, where another block ends in place
    ends_inside: bool = False

    def overlaps(self, other: "_Block") -> bool:
        """True if they share bytes, at whatever time."""
        a, b = self.resident, other.resident
        return a.offset < b.offset + b.size and b.offset < a.offset + a.size


def draw(title: str, graph: Graph, plan: Plan) -> str:
    """The text of the SVG file; a mouse over a block tells its name, bytes, addresses and steps."""
    return _Picture(title, graph, plan).svg()


def _blocks(plan: Plan) -> list[_Block]:
    """One column for the inputs, one a kernel call, one for what is left at the end."""
    last_column = len(plan.positions) + 1
    blocks: list[_Block] = []
    for resident in plan.residents:
        first = 0 if resident.first < 0 else bisect_left(plan.positions, resident.first) + 1
        last = last_column if resident.last == plan.end else bisect_right(plan.positions, resident.last)
        if first > last:
            continue  # alive between two calls only, as part of another tensor
        same = next(
            (
                block
                for block in blocks
                if (block.first, block.last, block.resident.offset, block.resident.size)
                == (first, last, resident.offset, resident.size)
            ),
            None,
        )
        if same:
            same.others.append(resident)
        else:
            blocks.append(_Block(resident, first, last))
    taken = {(plan.written_over[b.resident.tensor], b.first) for b in blocks if b.resident.tensor in plan.written_over}
    return [
        replace(
            block,
            begins_inside=block.resident.tensor in plan.written_over,
            ends_inside=(block.resident.tensor, block.last) in taken,
        )
        for block in sorted(blocks, key=lambda b: (-b.resident.size, b.first, b.last))
    ]


class _Picture:
    def __init__(self, title: str, graph: Graph, plan: Plan) -> None:
        self.title, self.graph, self.plan = title, graph, plan
        self.columns = len(plan.positions) + 2
        self.column = min(max(_PLOT_WIDTH // self.columns, _COLUMN[0]), _COLUMN[1])
        self.width = max(_LEFT + self.columns * self.column + _RIGHT, 760)
        self.labels = ["inputs", *(self._step_name(number) for number in range(len(plan.steps))), "outputs"]
        self.height = _TOP + _PLOT_HEIGHT + 24 + round(max(map(len, self.labels)) * 10 * _LETTER * 0.82) + 16
        self.blocks = _blocks(plan)
        self.loads = [self._load(column) for column in range(self.columns)]
        self.scale = _PLOT_HEIGHT / max(plan.arena_bytes, 1)
        self.right = _LEFT + self.columns * self.column

    def svg(self) -> str:
        body = [
            *self._head(),
            *self._axes(),
            *(line for block in self.blocks for line in self._block(block)),
            *self._limits(),
            *self._legend(),
        ]
        return "\n".join(
            [
                "<?xml version='1.0' encoding='UTF-8'?>",
                f"<svg xmlns='http://www.w3.org/2000/svg' width='{self.width}' height='{self.height}' "
                f"viewBox='0 0 {self.width} {self.height}' {_FONT} font-size='11' fill='#222222'>",
                f"<defs>{_PATTERN}</defs>",
                f"<rect width='{self.width}' height='{self.height}' fill='#ffffff'/>",
                *body,
                "</svg>",
                "",
            ]
        )

    def _load(self, column: int) -> int:
        """Bytes that are occupied."""
        total = top = 0
        pieces = [block.resident for block in self.blocks if block.first <= column <= block.last]
        for piece in sorted(pieces, key=lambda piece: piece.offset):
            end = piece.offset + piece.size
            total += max(0, end - max(top, piece.offset))
            top = max(top, end)
        return total

    def _is_shared(self, block: _Block) -> bool:
        """True if the block lies in a larger one, for a time."""
        return any(
            other.resident.size > block.resident.size
            and other.overlaps(block)
            and other.first <= block.last
            and block.first <= other.last
            for other in self.blocks
        )

    def _is_covered(self, block: _Block, x: float, y: float) -> bool:
        """True if a block that is drawn later lies over the point."""
        later = self.blocks[self.blocks.index(block) + 1 :]
        return any(
            self._x(other.first) <= x <= self._x(other.last + 1)
            and self._y(other.resident.offset + other.resident.size) - 6 <= y <= self._y(other.resident.offset) + 6
            for other in later
        )

    def _step_name(self, number: int) -> str:
        operator = self.graph.operators[self.plan.steps[number].operator]
        return f"{operator.index} {operator.kind}"

    def _y(self, address: float) -> float:
        return round(_TOP + _PLOT_HEIGHT - address * self.scale, 2)

    def _x(self, column: float) -> float:
        return round(_LEFT + column * self.column, 2)

    def _head(self) -> list[str]:
        calls, operators = len(self.plan.steps), len(self.graph.operators)
        free = "" if operators == calls else f", as {calls} kernel calls"
        moved = sum(move.count for move in self.plan.moves)
        carried = f"; {moved:,} bytes carried after each call" if moved else ""
        return [
            f"<text x='{_LEFT}' y='30' font-size='18' font-weight='bold'>{_text(self.title)}</text>",
            f"<text x='{_LEFT}' y='50' fill='#555555'>arena {self.plan.arena_bytes:,} bytes, lower bound "
            f"{self.plan.arena_bound:,}; {operators} operators{free}{carried}</text>",
        ]

    def _axes(self) -> list[str]:
        top, bottom = _TOP, _TOP + _PLOT_HEIGHT
        lines = []
        for column, label in enumerate(self.labels):
            x, middle = self._x(column), self._x(column + 0.5)
            fill = "#f3f3f0" if column in (0, self.columns - 1) else "#fbfbf9" if column % 2 else "#ffffff"
            full = f" fill='{_FULL}' font-weight='bold'" if self.loads[column] == max(self.loads) else ""
            lines.append(f"<rect x='{x}' y='{top}' width='{self.column}' height='{_PLOT_HEIGHT}' fill='{fill}'/>")
            lines.append(
                f"<text transform='translate({middle + 3},{bottom + 14}) rotate(-55)' text-anchor='end' "
                f"font-size='10'{full}>{_text(label)}</text>"
            )
        tick = 1
        while self.plan.arena_bytes > 12 * tick:
            tick *= 2
        for address in range(0, self.plan.arena_bytes + 1, tick):
            y = self._y(address)
            lines.append(f"<line x1='{_LEFT}' x2='{self.right}' y1='{y}' y2='{y}' stroke='#dddddd'/>")
            lines.append(f"<text x='{_LEFT - 8}' y='{y + 4}' text-anchor='end' fill='#555555'>{address:,}</text>")
        lines.append(
            f"<text transform='translate(22,{_TOP + _PLOT_HEIGHT / 2}) rotate(-90)' text-anchor='middle' "
            "fill='#555555'>address in the arena, bytes</text>"
        )
        return lines

    def _block(self, block: _Block) -> list[str]:
        resident = block.resident
        fill, edge, _ = _KINDS[resident.kind]
        x0 = self._x(block.first + (0.5 if block.begins_inside else 0))
        x1 = self._x(block.last + (0.5 if block.ends_inside else 1))
        y0, y1 = self._y(resident.offset + resident.size), self._y(resident.offset)
        box = f"x='{x0}' y='{y0}' width='{round(x1 - x0, 2)}' height='{round(y1 - y0, 2)}'"
        lines = [
            f"<g><title>{_text(self._story(block))}</title>",
            f"<rect {box} fill='{fill}' stroke='{edge}' stroke-width='0.8'/>",
        ]
        if self._is_shared(block):
            lines.append(f"<rect {box} fill='url(#shared)'/>")
        if block.begins_inside:
            middle = (y0 + y1) / 2
            lines.append(f"<path d='M{x0},{middle - 5:.2f} l6,5 l-6,5 z' fill='{edge}'/>")
        lines += self._caption(block, (x0, y0, x1, y1), edge)
        return [*lines, "</g>"]

    def _caption(self, block: _Block, box: tuple[float, float, float, float], colour: str) -> list[str]:
        """The name and size, along the longer side, as far as there is room."""
        x0, y0, x1, y1 = box
        if self._is_covered(block, (x0 + x1) / 2, (y0 + y1) / 2):
            return []
        room, across, turn = x1 - x0, y1 - y0, ""
        if room < 56 and across > room:
            room, across, turn = across, room, " rotate(-90)"
        size = 10 if across >= 12 else 8 if across >= 9 else 0
        letters = int((room - 16) / (size * _LETTER)) if size else 0
        bytes_ = f"{block.resident.size:,} B"
        name = self._short_name(block.resident)
        caption = f"{name} · {bytes_}"
        if len(caption) > letters:
            kept = letters - len(bytes_) - 4
            caption = f"{name[:kept]}… · {bytes_}" if kept >= 4 else bytes_ if len(bytes_) <= letters else ""
        if not caption:
            return []
        centre = f"translate({round((x0 + x1) / 2, 2)},{round((y0 + y1) / 2, 2)}){turn}"
        return [
            f"<text transform='{centre}' dy='0.35em' text-anchor='middle' font-size='{size}' fill='{colour}'>"
            f"{_text(caption)}</text>"
        ]

    def _short_name(self, resident: Resident) -> str:
        if resident.tensor is None:
            return resident.kind
        name = self.graph.tensors[resident.tensor].name.split(";")[-1]
        return f"{resident.tensor} {name.rsplit('/', 1)[-1]}"

    def _story(self, block: _Block) -> str:
        resident = block.resident
        names = [str(self.graph.tensors[r.tensor]) for r in (resident, *block.others) if r.tensor is not None]
        if resident.kind == "scratch":
            names = [f"scratch of operator {self.labels[block.first]}"]
        if resident.kind == "heads":
            names = ["where the rings are: an int32 each for rings of one size"]
        if resident.kind == "ring":
            root = self.plan.in_ring.get(resident.tensor or 0)
            base = root.base if root else resident.offset
            inside = sorted(index for index, place in self.plan.in_ring.items() if place.base == base)
            names = [f"ring of {', '.join(str(self.graph.tensors[index]) for index in inside)}"]
        if resident.kind == "export":
            names = [f"copy of output {name}" for name in names]
        first, last = (self.labels[column] for column in (block.first, block.last))
        return "\n".join(
            [
                *names,
                f"{resident.size:,} bytes, {resident.offset:,} to {resident.offset + resident.size - 1:,}",
                f"from {first} to {last}" if block.first != block.last else f"at {first}",
            ]
        )

    def _limits(self) -> list[str]:
        def line(address: int, colour: str, dashes: str, text: str, drop: int) -> list[str]:
            y = self._y(address)
            return [
                f"<line x1='{_LEFT}' x2='{self.right}' y1='{y}' y2='{y}' stroke='{colour}' stroke-width='1.6' "
                f"stroke-dasharray='{dashes}'/>",
                f"<text x='{self.right}' y='{y + drop}' text-anchor='end' font-weight='bold' fill='{colour}' "
                f"stroke='#ffffff' stroke-width='3' paint-order='stroke'>{text}</text>",
            ]

        arena, bound = self.plan.arena_bytes, self.plan.arena_bound
        if arena == bound:
            return line(arena, _FULL, "7 3", f"arena = lower bound: {arena:,} bytes", -6)
        return [
            *line(arena, _FULL, "7 3", f"arena: {arena:,} bytes", -6),
            *line(bound, "#1f5fbf", "2 3", f"lower bound: {bound:,} bytes", 13),
        ]

    def _legend(self) -> list[str]:
        kinds = {block.resident.kind for block in self.blocks}
        entries = [(fill, edge, "", text) for kind, (fill, edge, text) in _KINDS.items() if kind in kinds]
        fill, edge, _ = _KINDS["tensor"]
        if any(map(self._is_shared, self.blocks)):
            mark = "<rect width='14' height='12' fill='url(#shared)'/>"
            entries.append((fill, edge, mark, "part of a larger block"))
        if any(block.begins_inside for block in self.blocks):
            entries.append((fill, edge, f"<path d='M0,1 l6,5 l-6,5 z' fill='{edge}'/>", "written over its input"))
        entries.append(("#ffffff", _FULL, "", "fullest steps"))
        lines, x, y = [], _LEFT, 62
        for fill, edge, mark, text in entries:
            width = 42 + round(len(text) * 11 * _LETTER)
            if x + width > self.width and x > _LEFT:
                x, y = _LEFT, y + 18
            lines.append(
                f"<g transform='translate({x},{y})'><rect width='14' height='12' fill='{fill}' stroke='{edge}'/>{mark}"
                f"<text x='20' y='10'>{text}</text></g>"
            )
            x += width
        return lines


def _text(text: str) -> str:
    """As XML text; what XML cannot hold becomes a replacement character."""
    return escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))
