"""Surveys on either database: sessions, marks, scans, and what a forgotten device leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.serving.store import (
    Forgotten,
    LabelledScan,
    Mark,
    Store,
    SurveyScan,
    SurveySession,
    TrackPoint,
    scan_id,
)
from tutelage.serving.store.survey_rows import places_of

SESSION = SurveySession(
    "one", "ground floor", 1.0, device="phone", building="main", floor="0", clock_offset_s=-100.0
)
STAND = Mark("stand", "one", "stand", 10.0, 20.0, x_m=1.0, y_m=2.0, floor="0", building="main", place="hall")
WALK = Mark("walk", "one", "walk", 30.0, 40.0, 0.0, 0.0, 10.0, -20.0, floor="0")


def scan(time_s: float, session: str | None = "one", device: str | None = "phone") -> SurveyScan:
    """A scan at a time of the marks, by the phone's clock, which is 100 s ahead."""
    rss_dbm = {"aa:bb": -61.5, "cc:dd": -80.0}
    return SurveyScan(f"scan {time_s}", time_s + 100.0, rss_dbm, {"cc:dd": 2.5}, session, device)


@pytest.fixture
def surveyed(store: Store) -> Store:
    """A store with one session: four scans in marks, one between them."""
    store.surveys.add_session(SESSION)
    store.surveys.add_marks([WALK, STAND])
    store.surveys.add_scans([scan(35.0), scan(15.0), scan(25.0), scan(12.0), scan(40.0)])
    return store


def test_what_a_survey_is_made_of_comes_back_as_it_was(surveyed: Store) -> None:
    assert surveyed.surveys.sessions() == [SESSION]
    assert surveyed.surveys.session("one") == SESSION
    assert surveyed.surveys.marks_of("one") == [STAND, WALK]
    assert surveyed.surveys.scans_of("one") == [scan(time_s) for time_s in (12.0, 15.0, 25.0, 35.0, 40.0)]


def test_what_is_sent_again_counts_once(surveyed: Store) -> None:
    assert not surveyed.surveys.add_session(replace(SESSION, name="other"))
    assert surveyed.surveys.add_marks([replace(STAND, x_m=9.0), replace(STAND, id="new")]) == 1
    assert surveyed.surveys.add_scans([scan(15.0), scan(16.0), scan(16.0)]) == 1
    assert surveyed.surveys.session("one").name == "ground floor"
    assert len(surveyed.surveys.scans_of("one")) == 6


def test_scans_in_marks_get_positions_and_labels(surveyed: Store) -> None:
    stood = [LabelledScan(scan(time_s), "stand", 1.0, 2.0, "0", "main", "hall") for time_s in (12.0, 15.0)]
    walked = [
        LabelledScan(scan(35.0), "walk", 5.0, -10.0, "0", None, None),
        LabelledScan(scan(40.0), "walk", 10.0, -20.0, "0", None, None),
    ]
    assert surveyed.surveys.labelled_scans(["one", "one"]) == stood + walked
    assert surveyed.surveys.counts("one") == {"stand": 2, "walk": 2}


def test_an_undone_mark_takes_its_labels_back_and_gives_them_again(surveyed: Store) -> None:
    surveyed.surveys.set_undone("stand")
    assert surveyed.surveys.counts("one") == {"stand": 0, "walk": 2}
    assert len(surveyed.surveys.labelled_scans(["one"])) == 2
    surveyed.surveys.set_undone("stand", undone=False)
    assert len(surveyed.surveys.labelled_scans(["one"])) == 4


def test_a_mark_counts_scans_before_its_end_and_labels_them_after(surveyed: Store) -> None:
    surveyed.surveys.add_marks([Mark("new", "one", "walk", 50.0, x_m=0.0, y_m=0.0)])
    surveyed.surveys.add_scans([scan(55.0), scan(65.0)])
    assert surveyed.surveys.counts("one")["new"] == 2
    assert len(surveyed.surveys.labelled_scans(["one"])) == 4
    with pytest.raises(BadInputError, match="walk 'new' lacks a position"):
        surveyed.surveys.end_mark("new", 60.0)
    with pytest.raises(BadInputError, match="before its start"):
        surveyed.surveys.end_mark("new", 40.0, 10.0, 0.0)
    ended = surveyed.surveys.end_mark("new", 60.0, 10.0, 0.0)
    assert ended in surveyed.surveys.marks_of("one")
    assert surveyed.surveys.labelled_scans(["one"])[-1] == LabelledScan(
        scan(55.0), "new", 5.0, 0.0, None, None, None
    )


def test_a_session_changes_its_state_and_clock(surveyed: Store) -> None:
    assert surveyed.surveys.open_session_of("phone") == SESSION
    assert surveyed.surveys.set_state("one", "finished") == replace(SESSION, state="finished")
    assert surveyed.surveys.open_session_of("phone") is None
    surveyed.surveys.set_clock_offset("one", 0.0)
    assert surveyed.surveys.labelled_scans(["one"]) == []
    with pytest.raises(BadInputError, match="Allowed: open, paused, finished, approved"):
        surveyed.surveys.set_state("one", "done")  # type: ignore[arg-type]


def test_the_newest_open_session_of_a_device_is_the_one_it_collects_for(surveyed: Store) -> None:
    newer = SurveySession("two", "first floor", 2.0, device="phone")
    surveyed.surveys.add_session(newer)
    surveyed.surveys.add_session(SurveySession("other", "x", 3.0, device="tablet"))
    assert surveyed.surveys.open_session_of("phone") == newer


def test_a_session_adopts_what_its_device_sent_without_it(surveyed: Store) -> None:
    left_over = [scan(time_s, session=None) for time_s in (9.0, 11.0, 26.0, 39.5, 41.0)]
    surveyed.surveys.add_scans(left_over)
    surveyed.surveys.add_scans([replace(scan(11.5, None, "tablet"), id="of a tablet")])
    assert surveyed.surveys.adopt_scans("one") == 3
    assert surveyed.surveys.adopt_scans("one") == 0
    assert surveyed.surveys.counts("one") == {"stand": 3, "walk": 3}


def test_a_session_without_marks_or_device_adopts_nothing(store: Store) -> None:
    store.surveys.add_session(SurveySession("empty", "x", 1.0, device="phone"))
    store.surveys.add_session(SurveySession("nobody's", "x", 1.0))
    store.surveys.add_marks([replace(STAND, session="nobody's")])
    store.surveys.add_scans([scan(15.0, session=None)])
    assert store.surveys.adopt_scans("empty") == store.surveys.adopt_scans("nobody's") == 0


def test_an_unknown_session_or_mark_is_told_with_near_names(surveyed: Store) -> None:
    surveys = surveyed.surveys
    for call in (
        lambda: surveys.session("on"),
        lambda: surveys.set_state("on", "paused"),
        lambda: surveys.set_clock_offset("on", 1.0),
        lambda: surveys.adopt_scans("on"),
        lambda: surveys.labelled_scans(["one", "on"]),
        lambda: surveys.counts("on"),
        lambda: surveys.add_scans([scan(1.0), scan(2.0, "on")]),
        lambda: surveys.add_marks([replace(STAND, id="x", session="on")]),
    ):
        with pytest.raises(UnknownNameError, match=r"unknown session 'on'\. Did you mean one\?"):
            call()
    for change in (lambda: surveys.end_mark("stan", 50.0), lambda: surveys.set_undone("stan")):
        with pytest.raises(UnknownNameError, match=r"unknown mark 'stan'\. Did you mean stand"):
            change()
    assert len(surveys.scans_of("one")) == 5


def test_the_id_of_a_scan_is_made_of_device_and_time() -> None:
    assert scan_id("phone", 1) == scan_id("phone", 1.0) != scan_id("phone", 1.5)
    assert scan_id("phone 1", 1.0) != scan_id("phone", 1.0)


# -- forgetting ----------------------------------------------------------------------------------------


def test_a_forgotten_device_leaves_its_readings_without_its_name(surveyed: Store) -> None:
    surveyed.tracks.add([TrackPoint("phone", 1.0), TrackPoint("phone", 2.0), TrackPoint("tablet", 1.0)])
    named = SurveyScan(scan_id("phone", 111.0), 111.0, {"ee": -50.0}, device="phone")
    surveyed.surveys.add_scans([named])
    assert surveyed.forget("phone") == Forgotten("phone", 2, 6, 1)
    assert [device.id for device in surveyed.devices.all()] == ["tablet"]
    assert surveyed.tracks.of("phone") == []
    assert surveyed.tracks.last() == [TrackPoint("tablet", 1.0)]
    assert surveyed.surveys.session("one").device is None
    assert surveyed.surveys.counts("one") == {"stand": 3, "walk": 2}
    left = surveyed.surveys.scans_of("one")
    assert {each.device for each in left} == {None}
    assert not {each.id for each in left} & {named.id, *(scan(time_s).id for time_s in (12.0, 15.0, 25.0))}


def test_a_forgotten_device_leaves_the_places_that_it_told_without_its_name(store: Store) -> None:
    moment = scan_id("phone", 5.0)
    own = places_of("phone")
    store.surveys.add_session(SurveySession(own, own, 5.0, state="paused"))
    store.surveys.add_marks([Mark(moment, own, "stand", 5.0, 5.0, place="kitchen")])
    store.surveys.add_scans([SurveyScan(moment, 5.0, {"ee": -50.0}, session=own, device="phone")])
    assert store.forget("phone") == Forgotten("phone", 0, 1, 1)
    (session,) = store.surveys.sessions()
    (labelled,) = store.surveys.labelled_scans([session.id])
    assert "phone" not in session.id + session.name
    assert labelled.place == "kitchen"
    assert moment not in (labelled.mark, labelled.scan.id)


def test_nothing_is_known_of_a_device_after_it_was_forgotten(surveyed: Store) -> None:
    surveyed.forget("phone")
    with pytest.raises(UnknownNameError, match="unknown device 'phone'"):
        surveyed.forget("phone")
    surveyed.tracks.add([TrackPoint("phone", 3.0)])
    assert surveyed.forget("phone") == Forgotten("phone", 1, 0, 0)


def test_the_file_holds_no_byte_of_a_forgotten_name(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "store.db")) as store:
        store.tracks.add([TrackPoint("adas-very-own-phone", float(time_s)) for time_s in range(500)])
        store.surveys.add_session(SurveySession("s", "x", 1.0, device="adas-very-own-phone"))
        assert any(b"adas-very-own-phone" in path.read_bytes() for path in tmp_path.iterdir())
        store.forget("adas-very-own-phone")
        assert not any(b"adas-very-own-phone" in path.read_bytes() for path in tmp_path.iterdir())
