"""What docs/about/architecture.md is made with, on a small made-up graph of rooms."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

pytest.importorskip("grimp")

from benchmarks.architecture import (
    Structure,
    figure_table,
    layer_ranks,
    room_floors,
    room_name,
    upward_arrows,
)
from benchmarks.layered_picture import BOX_WIDTH, draw, essential_arrows, place_rooms

ARROWS = {("cli", "fit"), ("fit", "data"), ("fit", "errors"), ("data", "errors"), ("cli", "errors")}
FLOORS = {"errors": 1, "data": 2, "fit": 3, "cli": 4}


def test_rooms_stand_directly_in_the_package() -> None:
    modules = ("tutelage", "tutelage.data.sets.loading", "tutelage.errors", "benchmarks.drift")
    assert [room_name(module) for module in modules] == ["tutelage", "data", "errors", "benchmarks"]


def test_a_floor_is_the_longest_way_down() -> None:
    assert room_floors([*FLOORS, "alone"], ARROWS) == FLOORS | {"alone": 1}


def test_a_circle_has_no_floors() -> None:
    with pytest.raises(ValueError, match="in a circle: \\['cli', 'fit'\\]"):
        room_floors(FLOORS, {*ARROWS, ("fit", "cli")})


def test_arrows_within_a_layer_or_to_a_higher_one_point_up() -> None:
    ranks = layer_ranks(["cli", "fit | tune", "errors"])
    arrows = {("cli", "fit"), ("fit", "tune"), ("errors", "cli"), ("anything", "cli")}
    assert upward_arrows(arrows, ranks) == [("errors", "cli"), ("fit", "tune")]


def test_figures_leave_benchmarks_out_of_the_files_alone() -> None:
    structure = Structure(
        {"errors": 1, "data": 5, "benchmarks": 9}, {"errors": 1, "data": 2, "benchmarks": 3}, ARROWS
    )
    after = [line.split("|")[3].strip() for line in figure_table(structure, {})[2:]]
    assert after == ["6", "3", "3", "5", "0"]


def test_longer_ways_imply_arrows() -> None:
    assert essential_arrows(ARROWS) == {("cli", "fit"), ("fit", "data"), ("data", "errors")}


def test_boxes_do_not_overlap_and_arrows_run_down() -> None:
    floors = FLOORS | dict.fromkeys("abc", 2)
    picture = place_rooms(floors, [*ARROWS, ("fit", "a"), ("cli", "b"), ("c", "errors")])
    for floor in set(floors.values()):
        places = sorted(picture.rooms[room].x for room in floors if floors[room] == floor)
        assert all(right - left > BOX_WIDTH for left, right in pairwise(places))
    for points in picture.lines.values():
        heights = [y for _, y in points]
        assert heights == sorted(heights)
        assert all(0 <= x <= picture.width for x, _ in points)


def test_picture_is_an_svg_with_every_room_and_arrow() -> None:
    root = ElementTree.fromstring(draw(FLOORS, ARROWS, dict.fromkeys(FLOORS, "1 file")))
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {*FLOORS} <= {*texts}
    paths = [element.get("class") for element in root.iter() if element.tag.endswith("path")]
    assert (paths.count("arrow"), paths.count("implied")) == (3, 2)
