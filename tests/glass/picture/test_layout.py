"""Boxes do not overlap, arrows run to the right and over no box, lines of columns fit the width."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.glass.picture.layout import Extent, lay_out


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 24))
    extents = [Extent(draw(st.integers(10, 120)), draw(st.integers(5, 40)), draw(st.integers(5, 40))) for _ in range(n)]
    edges = {
        (draw(st.integers(max(0, v - draw(st.sampled_from([1, 1, 3, 10]))), v - 1)), v)
        for v in range(1, n)
        for _ in range(draw(st.integers(0, 3)))
    }
    return extents, sorted(edges), draw(st.sampled_from([300, 800, 1280])), draw(st.sampled_from([0, 60]))


def rectangles(plan, extents):
    return [
        (x, line - e.up, x + e.width, line + e.down) for x, line, e in zip(plan.left, plan.line, extents, strict=True)
    ]


@settings(deadline=None, max_examples=150, derandomize=True)
@given(graphs())
def test_boxes_do_not_overlap_and_stay_inside(case):
    extents, edges, width, under = case
    plan = lay_out(extents, edges, width, under)
    boxes = rectangles(plan, extents)
    for k, a in enumerate(boxes):
        assert a[0] >= 0 and a[1] >= 0 and a[2] <= plan.width + 0.01 and a[3] <= plan.height + 0.01
        for b in boxes[:k]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@settings(deadline=None, max_examples=150, derandomize=True)
@given(graphs())
def test_arrows_go_forward_and_run_over_no_box(case):
    extents, edges, width, under = case
    plan = lay_out(extents, edges, width, under)
    cells = {(lane, column) for lane, column in zip(plan.lanes, plan.columns, strict=True)}
    for u, v in edges:
        assert plan.columns[u] < plan.columns[v]
        lane = plan.trunks.get(u, plan.lanes[u])
        assert not any((lane, column) in cells for column in range(plan.columns[u] + 1, plan.columns[v]))


def test_a_line_is_as_wide_as_asked_for():
    chain = [(k, k + 1) for k in range(299)]
    plan = lay_out([Extent(70, 20, 20)] * 300, chain, width=900)
    assert plan.width <= 900
    assert max(plan.rows) + 1 == -(-300 // (max(plan.rows.count(row) for row in set(plan.rows))))


def test_the_main_road_is_straight_and_a_residual_road_runs_above_it():
    plan = lay_out([Extent(40, 10, 10)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)], width=900)
    assert len(set(plan.line)) == 1
    heights = [float(y) for y in re.findall(r"C[-\d.]+ [-\d.]+ [-\d.]+ ([-\d.]+)", plan.path(0, 3))]
    assert heights[0] < plan.line[0] - 10 and heights[-1] == plan.line[3]


def test_of_two_roads_the_shorter_runs_nearer():
    edges = [(k, k + 1) for k in range(5)] + [(0, 5), (1, 4)]
    plan = lay_out([Extent(40, 10, 10)] * 6, edges, width=900)
    assert plan.trunks[0] < plan.trunks[1] < 0
