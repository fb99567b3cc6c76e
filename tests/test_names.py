"""Names of access points: spellings of one MAC address are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.data.fingerprints import FingerprintSet
from tutelage.runtime.access_point_names import find_columns, is_mac, normalised_name

MAC = st.lists(st.integers(0, 255), min_size=6, max_size=6)


@given(MAC, st.sampled_from([":", "-", ""]), st.booleans())
def test_every_spelling_of_a_mac_is_one_name(mac: list[int], separator: str, upper: bool) -> None:
    spelled = separator.join(f"{byte:02x}" for byte in mac)
    name = normalised_name(spelled.upper() if upper else spelled)
    assert name == ":".join(f"{byte:02x}" for byte in mac)
    assert normalised_name(name) == name


@pytest.mark.parametrize("name", ["WAP001", "aa:bb:cc:dd:ee", "aa:bb-cc:dd:ee:ff", "lib-WAP001", "Wi-Fi", ""])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert not is_mac(name)
    assert normalised_name(name) == name


def test_a_name_as_written_comes_before_another_spelling_and_no_column_is_meant_twice() -> None:
    known = ("aa:bb:cc:dd:ee:ff", "x")
    assert find_columns(known, ("AA-BB-CC-DD-EE-FF", "X", "x")).tolist() == [0, -1, 1]
    assert find_columns(known, ("AABBCCDDEEFF", "aa:bb:cc:dd:ee:ff")).tolist() == [-1, 0]
    assert find_columns(known, ("AABBCCDDEEFF", "AA-BB-CC-DD-EE-FF")).tolist() == [0, -1]


def test_scans_of_another_spelling_find_their_columns() -> None:
    scans = FingerprintSet.from_scans([{"000B862736C1": -50.0, "ap": -60.0}])
    aligned = scans.aligned_to(["ap", "00:0b:86:27:36:c1"])
    assert aligned.rss_dbm.toarray().tolist() == [[-60.0, -50.0]]
