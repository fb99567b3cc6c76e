"""Fingerprint sets: what is refused, what survives, what is the same data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sets.fingerprint_file import read_fingerprints, write_fingerprints
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.errors import BadInputError, FileFormatError
from tutelage.runtime.frames import LocalFrame

ZERO_DBM_SCANS = FingerprintSet.from_scans([{"a": 0.0, "b": -50.0}, {}, {"b": 0.0}], ["s0", "s1", "s2"])
FIELDS = ("scan_id", "position_m", "floor", "building", "device", "user", "time")
NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)


@pytest.mark.parametrize("reading", ["-60", None, "", True, [-60.0], 1j])
def test_a_reading_that_is_no_number_is_refused_with_its_place(reading: Any) -> None:
    with pytest.raises(BadInputError, match=r"scan 1: the RSS of 'b' is .*; give a number in dBm"):
        FingerprintSet.from_scans([{"a": -40.0}, {"b": reading}])


def dense_dbm(scans: FingerprintSet) -> np.ndarray:
    """[n, n_ap], NaN where nothing is heard."""
    full = np.full(scans.rss_dbm.shape, np.nan)
    rows = np.repeat(np.arange(len(scans)), scans.n_heard)
    full[rows, scans.rss_dbm.indices] = scans.rss_dbm.data
    return full


def from_dense(rss_dbm: list[list[float]] | np.ndarray, **fields: Any) -> FingerprintSet:
    """Scans s0, s1, ... over a0, a1, ... from [n, n_ap] with NaN where nothing is heard."""
    dense = np.asarray(rss_dbm, dtype=np.float64)
    names = tuple(f"a{j}" for j in range(dense.shape[1]))
    ids = np.array([f"s{i}" for i in range(len(dense))], dtype=np.str_)
    rss = csr_from_dense(dense, ~np.isnan(dense))
    return FingerprintSet(rss, fields.pop("access_points", names), fields.pop("scan_id", ids), **fields)


@st.composite
def fingerprint_sets(draw: st.DrawFn) -> FingerprintSet:
    """Any small set: blank scans, unheard access points, 0 dBm, with and without truth and labels."""
    n = draw(st.integers(0, 5))
    n_ap = draw(st.integers(1, 5))
    rss = draw(hnp.arrays(np.float32, (n, n_ap), elements=st.floats(-120, 0, width=32)))
    heard = draw(hnp.arrays(np.bool_, (n, n_ap)))
    metres = st.floats(-1e4, 1e4)
    time = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2**41))).astype("datetime64[ms]")
    return FingerprintSet(
        csr_from_dense(rss, heard),
        tuple(draw(st.lists(NAMES, min_size=n_ap, max_size=n_ap, unique=True))),
        np.array(draw(st.lists(NAMES, min_size=n, max_size=n, unique=True)), dtype=np.str_),
        draw(st.none() | hnp.arrays(np.float64, (n, 2), elements=metres)),
        LocalFrame((draw(metres), draw(metres)), draw(st.sampled_from([None, 3857]))),
        floor=draw(st.none() | st.lists(NAMES, min_size=n, max_size=n).map(lambda x: np.array(x, np.str_))),
        time=draw(st.sampled_from([None, time])),
    )


def through_parquet(scans: FingerprintSet) -> FingerprintSet:
    with TemporaryDirectory() as folder:
        write_fingerprints(scans, Path(folder) / "scans.parquet")
        return read_fingerprints(Path(folder) / "scans.parquet")


def assert_same(one: FingerprintSet, other: FingerprintSet) -> None:
    assert (one.access_points, one.frame) == (other.access_points, other.frame)
    np.testing.assert_array_equal(dense_dbm(one), dense_dbm(other))
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)


# -- 0 dBm is a reading -------------------------------------------------------------------------


def test_zero_dbm_is_heard() -> None:
    np.testing.assert_array_equal(ZERO_DBM_SCANS.n_heard, [2, 0, 1])
    np.testing.assert_array_equal(dense_dbm(ZERO_DBM_SCANS), [[0, -50], [np.nan] * 2, [np.nan, 0]])


@pytest.mark.parametrize(
    "rows", [slice(None, None, 2), [0, 2], np.array([True, False, True])], ids=["slice", "index", "mask"]
)
def test_zero_dbm_survives_selecting(rows: Any) -> None:
    picked = ZERO_DBM_SCANS[rows]
    assert picked.scan_id.tolist() == ["s0", "s2"]
    np.testing.assert_array_equal(dense_dbm(picked), [[0, -50], [np.nan, 0]])


def test_zero_dbm_survives_aligning() -> None:
    aligned = ZERO_DBM_SCANS.aligned_to(["new", "b", "a"])
    np.testing.assert_array_equal(dense_dbm(aligned)[0], [np.nan, -50, 0])
    np.testing.assert_array_equal(aligned.n_heard, [2, 0, 1])


def test_zero_dbm_survives_joining() -> None:
    other = FingerprintSet.from_scans([{"c": 0.0, "a": -70.0}], ["t0"])
    joined = FingerprintSet.join([ZERO_DBM_SCANS, other])
    nan = np.nan
    np.testing.assert_array_equal(
        dense_dbm(joined), [[0, -50, nan], [nan, nan, nan], [nan, 0, nan], [-70, nan, 0]]
    )


def test_zero_dbm_survives_parquet() -> None:
    assert_same(through_parquet(ZERO_DBM_SCANS), ZERO_DBM_SCANS)


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(("reading", "text"), [(np.nan, "nan"), (100.0, "100"), (1.0, "1"), (-130.0, "-130")])
def test_reading_out_of_range_is_refused_with_its_place_and_a_hint(reading: float, text: str) -> None:
    with pytest.raises(BadInputError) as caught:
        FingerprintSet.from_scans([{"a": -40.0}, {}, {"a": -60.0, "b": reading}], ["s0", "s1", "s2"])
    assert "rss_dbm must be in [-120, 0] or missing" in str(caught.value)
    assert f"scan 's2', b is {text}." in str(caught.value)
    assert f"Pass not_heard={text}." in str(caught.value)


def test_reading_at_either_bound_is_taken() -> None:
    np.testing.assert_array_equal(from_dense([[-120.0, 0.0]]).n_heard, [2])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scan_id": np.array(["s", "s"])}, "scan id 's' appears twice"),
        ({"access_points": ("a", "a")}, "access point 'a' appears twice"),
        ({"access_points": ("a",)}, "1 access points for 2 RSS columns"),
        ({"position_m": np.zeros((3, 2))}, "position_m has 3 rows, RSS has 2"),
        ({"floor": np.array(["1"])}, "floor has 1 rows, RSS has 2"),
        (
            {"position_m": np.array([[0.0, 0.0], [1.0, np.inf]])},
            "position of scan 's1' is not a finite number",
        ),
    ],
)
def test_inconsistent_set_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        from_dense([[-50.0, -60.0], [-70.0, np.nan]], **fields)


def test_selecting_by_one_number_is_refused() -> None:
    with pytest.raises(BadInputError, match="not by one number"):
        ZERO_DBM_SCANS[1]


def test_position_of_scans_without_truth_is_refused() -> None:
    with pytest.raises(BadInputError, match="add the columns x_m and y_m"):
        _ = ZERO_DBM_SCANS.known_position_m


# -- frames -------------------------------------------------------------------------------------


def test_in_frame_keeps_absolute_positions() -> None:
    scans = from_dense([[-50.0]], position_m=np.array([[1.5, 2.5]]), frame=LocalFrame((100.0, 200.0)))
    moved = scans.in_frame(LocalFrame((90.0, 220.0)))
    np.testing.assert_allclose(moved.known_position_m, [[11.5, -17.5]])
    np.testing.assert_allclose(moved.absolute_position_m, scans.absolute_position_m)


def test_in_frame_of_another_projection_is_refused() -> None:
    scans = from_dense([[-50.0]], position_m=np.zeros((1, 2)), frame=LocalFrame(epsg=3857))
    with pytest.raises(BadInputError, match="EPSG:3857 cannot be moved to EPSG:25830"):
        scans.in_frame(LocalFrame(epsg=25830))


# -- selecting, aligning, joining ---------------------------------------------------------------


@given(fingerprint_sets(), st.data())
def test_selecting_takes_the_same_rows_of_every_field(scans: FingerprintSet, data: st.DataObject) -> None:
    index = data.draw(st.permutations(range(len(scans))))[: data.draw(st.integers(0, 5))]
    picked = scans[index]
    np.testing.assert_array_equal(dense_dbm(picked), dense_dbm(scans)[index])
    for field in FIELDS:
        whole = getattr(scans, field)
        part = getattr(picked, field)
        np.testing.assert_array_equal(part, None if whole is None else whole[index], err_msg=field)


@given(fingerprint_sets(), st.data())
def test_aligning_permutes_access_points_with_their_columns(
    scans: FingerprintSet, data: st.DataObject
) -> None:
    names = data.draw(st.permutations(scans.access_points))
    aligned = scans.aligned_to(names)
    columns = [scans.access_points.index(name) for name in names]
    assert aligned.access_points == tuple(names)
    assert aligned.rss_dbm.has_sorted_indices
    np.testing.assert_array_equal(dense_dbm(aligned), dense_dbm(scans)[:, columns])
    assert aligned.aligned_to(scans.access_points).content_hash() == scans.content_hash()


def test_aligning_leaves_out_unknown_access_points_and_adds_unheard_ones() -> None:
    aligned = from_dense([[-50.0, -60.0, -70.0]]).aligned_to(["a2", "new", "a0"])
    np.testing.assert_array_equal(dense_dbm(aligned), [[-70.0, np.nan, -50.0]])


def test_joining_matches_columns_by_identity_not_by_place() -> None:
    first = from_dense([[-50.0, -60.0]], access_points=("a", "b"), scan_id=np.array(["s"]))
    second = from_dense([[-70.0, -80.0]], access_points=("b", "c"), scan_id=np.array(["t"]))
    joined = FingerprintSet.join([first, second])
    assert joined.access_points == ("a", "b", "c")
    assert joined.scan_id.tolist() == ["s", "t"]
    np.testing.assert_array_equal(dense_dbm(joined), [[-50, -60, np.nan], [np.nan, -70, -80]])


def test_joining_moves_positions_to_the_first_frame_and_blanks_missing_labels() -> None:
    first = from_dense([[-50.0]], position_m=np.ones((1, 2)), frame=LocalFrame((10.0, 10.0)))
    second = from_dense([[-50.0]], scan_id=np.array(["t"]), position_m=np.ones((1, 2)), floor=np.array(["2"]))
    joined = FingerprintSet.join([first, second])
    assert joined.frame == first.frame
    np.testing.assert_array_equal(joined.position_m, [[1, 1], [-9, -9]])
    assert joined.floor is not None
    assert joined.floor.tolist() == ["", "2"]
    assert joined.device is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "nothing to join"),
        ([ZERO_DBM_SCANS, ZERO_DBM_SCANS], "scan id 's0' appears twice"),
        ([ZERO_DBM_SCANS, from_dense([[-50.0]], position_m=np.zeros((1, 2)))], "some have none"),
    ],
)
def test_joining_what_does_not_fit_is_refused(parts: list[FingerprintSet], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        FingerprintSet.join(parts)


# -- Parquet and the content hash ---------------------------------------------------------------


@settings(max_examples=50)  # the first write loads Arrow's Parquet library
@given(fingerprint_sets())
def test_parquet_round_trip_keeps_everything(scans: FingerprintSet) -> None:
    read = through_parquet(scans)
    assert_same(read, scans)
    assert read.content_hash() == scans.content_hash()


@given(fingerprint_sets(), st.data())
def test_content_hash_of_a_selection_is_that_of_the_same_data_built_afresh(
    scans: FingerprintSet, data: st.DataObject
) -> None:
    index = data.draw(st.lists(st.integers(0, len(scans) - 1), unique=True)) if len(scans) else []
    dense = dense_dbm(scans)[index]
    fresh = replace(scans[index], rss_dbm=csr_from_dense(dense, ~np.isnan(dense)))
    assert scans[index].content_hash() == fresh.content_hash()


@pytest.mark.parametrize(
    "changed",
    [
        from_dense([[-50.0, np.nan]], position_m=np.zeros((1, 2)), access_points=("a", "c")),
        from_dense([[np.nan, -50.0]], position_m=np.zeros((1, 2)), access_points=("a", "b")),
        from_dense([[-51.0, np.nan]], position_m=np.zeros((1, 2)), access_points=("a", "b")),
        from_dense([[-50.0, 0.0]], position_m=np.zeros((1, 2)), access_points=("a", "b")),
        from_dense([[-50.0, np.nan]], position_m=np.ones((1, 2)), access_points=("a", "b")),
        from_dense([[-50.0, np.nan]], access_points=("a", "b")),
    ],
    ids=["identity", "column", "value", "zero dBm", "position", "no truth"],
)
def test_content_hash_changes_with_the_data(changed: FingerprintSet) -> None:
    one = from_dense([[-50.0, np.nan]], position_m=np.zeros((1, 2)), access_points=("a", "b"))
    assert changed.content_hash() != one.content_hash()


def test_content_hash_does_not_depend_on_the_frame() -> None:
    scans = from_dense([[-50.0]] * 2, position_m=np.array([[0.1, 0.2], [-5.0, 7.3]]))
    assert scans.in_frame(LocalFrame((-5.0, 7.3))).content_hash() == scans.content_hash()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_truncated_parquet_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "scans.parquet"
    write_fingerprints(ZERO_DBM_SCANS, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=r"scans\.parquet is not a readable Tutelage fingerprint file"):
        read_fingerprints(path)


@pytest.mark.parametrize("metadata", [None, {"tutelage": '{"format": "tutelage-fingerprints-99"}'}])
def test_parquet_of_another_kind_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1.0]}).replace_schema_metadata(metadata), path)
    with pytest.raises(FileFormatError, match=r"other\.parquet"):
        read_fingerprints(path)


def test_survey_says_its_sizes() -> None:
    assert repr(Survey("mine", ZERO_DBM_SCANS)) == "Survey('mine', train=3, test=0, access_points=2)"
