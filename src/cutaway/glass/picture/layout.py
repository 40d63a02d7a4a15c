"""Where the boxes stand: columns from left to right, straight lanes, and lines of columns that fit a width.

A box stands one column to the right of the last one that it reads. The longest road through the network is lane 0, a
straight line; every other road, and every arrow that leaps over columns, gets a lane of its own for just these columns,
the shorter the nearer. So no arrow runs over a box, and a residual road is a straight line above its block. What is too
wide is broken into lines, like text, where the fewest arrows are cut.

Why not a library: of the layered layouts on PyPI, grandalf is asleep and under the GPL, Graphviz (pygraphviz, pydot)
needs a program that pip does not bring, networkx has no layout that leaves room for arrows past the boxes, and none
breaks lines. Networks are nearly chains; for these a list of lanes does better than a general search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count, pairwise
from typing import NamedTuple

__all__ = ["Extent", "Layout", "lay_out"]

GAP = 30.0  # between columns: room for an arrow that changes lanes
LANE = 14.0  # between lanes
WIRE = 7.0  # half the height of a lane that holds nothing but arrows
MARGIN = 14.0
SPREAD = 6.0  # between arrows that go side by side to the next line


class Extent(NamedTuple):
    """What a box needs: its width, and how far it reaches above and below the line on which its arrows run."""

    width: float
    up: float
    down: float


@dataclass
class Layout:
    """The result: of every box its left side and its line; and the ways of arrows.

    >>> plan = lay_out([Extent(40, 10, 10)] * 3, [(0, 1), (1, 2), (0, 2)], width=400)
    >>> plan.left, len(set(plan.line))
    ([14.0, 84.0, 154.0], 1)
    """

    columns: list[int]
    lanes: list[int]
    trunks: dict[int, int]  # a box -> the lane of its arrows that leap over columns
    rows: list[int]  # of every column: in which line of columns it stands
    left: list[float] = field(default_factory=list)
    line: list[float] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    edge: list[tuple[float, float]] = field(default_factory=list)  # of every column: left and right side
    lane_line: list[dict[int, float]] = field(default_factory=list)  # of every line of columns: lane -> its line
    bare: list[set[int]] = field(default_factory=list)  # the lanes there that hold nothing but arrows
    gutter: list[float] = field(default_factory=list)  # below every line of columns
    turn: dict[tuple[int, int], int] = field(default_factory=dict)  # (box, column) -> which arrow over the break
    width: float = 0.0
    height: float = 0.0

    def path(self, u: int, v: int, offset: float = 0.0, out_of: float = 0.0, into: float = 0.0) -> str:
        """The way of the arrow from box u to box v, as SVG.

        offset: so far below the lines of the boxes; out_of, into: so far inside of the boxes it begins and ends
        """
        stops = [(self.columns[u], self.lanes[u])]
        trunk = self.trunks.get(u, self.lanes[u])
        stops += [(column, trunk) for column in range(self.columns[u] + 1, self.columns[v])]
        stops.append((self.columns[v], self.lanes[v]))
        x, y = self.left[u] + self.widths[u] - out_of, self._y(*stops[0], offset)
        out = [f"M{x:.1f} {y:.1f}"]
        for (a, lane_a), (b, lane_b) in pairwise(stops):
            y1, y2 = self._y(a, lane_a, offset), self._y(b, lane_b, offset)
            right, left = self.edge[a][1], self.edge[b][0]
            if self.rows[a] != self.rows[b]:
                out.append(self._turn(a, y1, y2, right, left, self.turn.get((u, a), 0), offset))
            elif y1 == y2:
                out.append(f"H{left:.1f}")
            else:
                middle = (right + left) / 2
                out.append(f"H{right:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {left:.1f} {y2:.1f}")
        out.append(f"H{self.left[v] + into:.1f}")
        return "".join(out)

    def _y(self, column: int, lane: int, offset: float) -> float:
        row = self.rows[column]
        return self.lane_line[row][lane] + (min(offset, WIRE) if lane in self.bare[row] else offset)

    def _turn(self, column: int, y1: float, y2: float, right: float, left: float, k: int, offset: float) -> str:
        """Out at the right, down, back to the left between the lines of columns, down, and in."""
        shift = SPREAD * k + (SPREAD / 2 if offset else 0)
        far, near = self.width - MARGIN / 2 - shift, MARGIN / 2 + shift
        down, r = self.gutter[self.rows[column]] + shift, 4
        return (
            f"H{far - r:.1f}q{r} 0 {r} {r}V{down - r:.1f}q0 {r} {-r} {r}H{near + r:.1f}"
            f"q{-r} 0 {-r} {r}V{y2 - r:.1f}q0 {r} {r} {r}H{left:.1f}"
        )


def lay_out(
    extents: Sequence[Extent],
    edges: Sequence[tuple[int, int]],
    width: float = 1200.0,
    under: float = 0.0,
    gap: float = GAP,
) -> Layout:
    """Place boxes, given in an order in which every edge (from, to) goes forward.

    width: lines of columns are at most so wide, if every single column is
    under: a second row of arrows runs so far below the lines of the boxes (0: there is none); gap: between columns
    """
    columns = _columns(len(extents), edges)
    lanes, trunks = _lanes(columns, edges, 1 if under else -1)
    sizes = [0.0] * (max(columns, default=0) + 1)
    for column, extent in zip(columns, extents, strict=True):
        sizes[column] = max(sizes[column], extent.width)
    cuts = _cuts(columns, edges, len(sizes))
    sides = MARGIN + SPREAD * max([1, *cuts])
    rows = _rows(sizes, cuts, width - 2 * MARGIN, gap)
    if rows and rows[-1]:
        rows = _rows(sizes, cuts, width - 2 * sides, gap)
    else:
        sides = MARGIN
    plan = Layout(columns, lanes, trunks, rows, widths=[e.width for e in extents])
    _across(plan, extents, sizes, sides, gap)
    _down(plan, extents, edges, under)
    return plan


def _columns(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """One to the right of the last box it reads; a box that reads nothing stands just before its first reader."""
    columns, sources, first = [0] * n, set(range(n)), dict[int, int]()
    for u, v in sorted(edges, key=lambda e: e[1]):
        columns[v] = max(columns[v], columns[u] + 1)
        sources.discard(v)
    for u, v in edges:
        first[u] = min(first.get(u, columns[v]), columns[v])
    for u in sources:
        columns[u] = max(0, first.get(u, 1) - 1)
    return columns


def _lanes(columns: list[int], edges: Sequence[tuple[int, int]], up: int) -> tuple[list[int], dict[int, int]]:
    n = len(columns)
    before: list[list[int]] = [[] for _ in range(n)]
    after: list[list[int]] = [[] for _ in range(n)]
    for u, v in edges:
        before[v].append(u)
        after[u].append(v)
    lanes: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()

    def take(first: int, last: int, wanted: Iterable[int]) -> int:
        lane = next(x for x in wanted if all((x, c) not in taken for c in range(first, last + 1)))
        taken.update((lane, c) for c in range(first, last + 1))
        return lane

    for v in _spine(columns, before):
        lanes[v] = take(columns[v], columns[v], [0])
    reach = {u: max(columns[v] for v in after[u]) - 1 for u in range(n) if after[u]}
    leaps = {u: last for u, last in reach.items() if last > columns[u]}
    trunks: dict[int, int] = {}
    todo = [u for u in leaps if u in lanes]
    for road in _roads(columns, before, after, set(lanes)):
        start, end = road[0], road[-1]
        beside = [lanes[u] for u in (*before[start], *after[end]) if u in lanes]
        ideal = sum(beside) / len(beside) if beside else 0.0
        lane = take(columns[start], max(reach.get(end, 0), columns[end]), _outward(ideal, up))
        lanes.update(dict.fromkeys(road, lane))
        if end in leaps:
            trunks[end] = lane
        todo += [u for u in road[:-1] if u in leaps]
    for u in sorted(todo, key=lambda u: (leaps[u] - columns[u], u)):  # the shorter the nearer
        trunks[u] = take(columns[u] + 1, leaps[u], count(-1, -1))
    return [lanes[v] for v in range(n)], trunks


def _outward(ideal: float, up: int) -> Iterator[int]:
    """All lanes, those near the ideal one first; of two equally near the lower one, or the upper one with up = 1."""
    near = round(ideal)
    yield near
    for k in count(1):
        yield from (near - up * k, near + up * k)


def _roads(columns: list[int], before: list[list[int]], after: list[list[int]], done: set[int]) -> list[list[int]]:
    """The side roads: chains from column to column without a fork, the longest first."""
    taken = set(done)

    def road(v: int) -> list[int]:
        way = [v]
        while len(after[way[-1]]) == 1 and (nxt := after[way[-1]][0]) not in taken:
            if columns[nxt] != columns[way[-1]] + 1:
                break
            way.append(nxt)
        return way

    # Of equally long ones first those that something flows into.
    waiting = [(-len(way), not before[v], v, way) for v in range(len(columns)) if v not in done and (way := road(v))]
    heapify(waiting)
    roads = []
    while waiting:
        _, source, v, way = heappop(waiting)
        if v in taken:
            continue
        if not taken.isdisjoint(way):  # a longer one took its end
            way = road(v)
            heappush(waiting, (-len(way), source, v, way))
            continue
        taken.update(way)
        roads.append(way)
    return roads


def _spine(columns: list[int], before: list[list[int]]) -> list[int]:
    """The longest road, from its end back: it goes through a box in every column."""
    if not columns:
        return []
    spine = [max(range(len(columns)), key=lambda v: (columns[v], v))]
    while before[spine[-1]]:
        near = [u for u in before[spine[-1]] if columns[u] == columns[spine[-1]] - 1]
        spine.append(min(near, key=lambda u: (not before[u] and columns[u] > 0, u)))
    return spine[::-1]


def _cuts(columns: list[int], edges: Sequence[tuple[int, int]], n: int) -> list[int]:
    """How many arrows pass from each column to the next; those of one box that leap are one."""
    crossing: list[set[int]] = [set() for _ in range(n)]
    for u, v in edges:
        for column in range(columns[u], columns[v]):
            crossing[column].add(u)
    return [len(c) for c in crossing]


def _rows(sizes: list[float], cuts: list[int], width: float, gap: float) -> list[int]:
    """Break the columns into lines: few arrows cut, lines about equally long (the cheapest way, column by column)."""
    n = len(sizes)
    best: list[tuple[float, int]] = [(0.0, 0)]  # the cost of the first k columns, and where their last line begins
    for end in range(1, n + 1):
        options, used = [], 0.0
        for start in range(end - 1, -1, -1):
            used += sizes[start] + (gap if start < end - 1 else 0.0)
            if used > width and start < end - 1:
                break
            slack = max(0.0, 1.0 - used / width) ** 2 if end < n or start else 0.0
            options.append((best[start][0] + slack + (0.35 + 0.25 * cuts[end - 1] if end < n else 0.0), start))
        best.append(min(options))
    rows, end, number = [0] * n, n, 0
    while end > 0:
        start = best[end][1]
        rows[start:end] = [number] * (end - start)
        end, number = start, number - 1
    return [row - number - 1 for row in rows]


def _across(plan: Layout, extents: Sequence[Extent], sizes: list[float], sides: float, gap: float) -> None:
    x, row = sides, 0
    for column, size in enumerate(sizes):
        if plan.rows[column] != row:
            x, row = sides, plan.rows[column]
        plan.edge.append((x, x + size))
        x += size + gap
    plan.width = max((right for _, right in plan.edge), default=0.0) + sides
    for column, extent in zip(plan.columns, extents, strict=True):
        left, right = plan.edge[column]
        plan.left.append(left + (right - left - extent.width) / 2)


def _down(plan: Layout, extents: Sequence[Extent], edges: Sequence[tuple[int, int]], under: float) -> None:
    count = plan.rows[-1] + 1 if plan.rows else 0
    spans: list[dict[int, tuple[float, float]]] = [{} for _ in range(count)]

    def need(column: int, lane: int, up: float, down: float) -> None:
        had = spans[plan.rows[column]].get(lane, (0.0, 0.0))
        spans[plan.rows[column]][lane] = max(had[0], up), max(had[1], down)

    wire = WIRE + (WIRE if under else 0.0)
    last: dict[int, int] = {}
    for u, v in edges:
        last[u] = max(last.get(u, 0), plan.columns[v])
    for u, end in last.items():
        for column in range(plan.columns[u] + 1, end):
            need(column, plan.trunks.get(u, plan.lanes[u]), WIRE, wire)
        for column in range(plan.columns[u], end):
            if plan.rows[column] != plan.rows[column + 1]:
                plan.turn[u, column] = sum(1 for c in plan.turn if c[1] == column)
    plan.bare = [set(lanes) for lanes in spans]
    for column, lane, extent in zip(plan.columns, plan.lanes, extents, strict=True):
        need(column, lane, extent.up, extent.down)
        plan.bare[plan.rows[column]].discard(lane)
    y = MARGIN
    for row, lanes in enumerate(spans):
        plan.lane_line.append({})
        for lane in sorted(lanes):
            up, down = lanes[lane]
            plan.lane_line[row][lane] = y + up
            y += up + down + LANE
        turns = sum(1 for c in plan.turn if plan.rows[c[1]] == row)
        plan.gutter.append(y - LANE / 2 + 4)
        y += SPREAD * turns + (6 if row < count - 1 else 0)
    plan.height = y - LANE + MARGIN
    plan.line = [plan.lane_line[plan.rows[c]][lane] for c, lane in zip(plan.columns, plan.lanes, strict=True)]
