"""`tutelage keys` and `tutelage forget` on a store of SQLite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Command, assert_refused

from tutelage.serving.access_keys import Role, is_token
from tutelage.serving.store import Store, SurveyScan, TrackPoint


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the store of a test is."""
    return tmp_path / "tutelage.db"


def test_a_key_is_made_listed_and_revoked(tutelage: Command, place: Path) -> None:
    made = tutelage("keys", "make", "hall [tablet]", "--role", "read", "--store", place)
    assert made.code == 0, made.stderr
    token = made.stdout.removesuffix("\n")
    assert is_token(token)
    assert "write it down now" in made.stderr
    with Store.open(str(place)) as store:
        key = store.keys.find(token)
        assert key is not None
        assert (key.name, key.role) == ("hall [tablet]", Role.READ)
        listed = tutelage("keys", "list", "--store", place)
        assert "hall [tablet]" in listed.stdout
        assert token not in listed.stdout
        assert key.hash not in listed.stdout
        revoked = tutelage("keys", "revoke", "hall [tablet]", "--store", place)
        assert "hall [tablet]" in revoked.stdout
        assert store.keys.find(token) is None
    assert_refused(
        tutelage("keys", "revoke", "hall [tablet]", "--store", place), "unknown key 'hall [tablet]'"
    )


def test_keys_are_printed_for_machines(tutelage: Command, place: Path) -> None:
    made = json.loads(tutelage("keys", "make", "a", "--role", "admin", "--store", place, "--json").stdout)
    assert (made["name"], made["role"], is_token(made["key"])) == ("a", "admin", True)
    (listed,) = json.loads(tutelage("keys", "list", "--store", place, "--json").stdout)
    assert {*listed} == {"id", "name", "role", "created_s", "revoked_s"}
    assert (listed["name"], listed["role"], listed["revoked_s"]) == ("a", "admin", None)
    revoked = json.loads(tutelage("keys", "revoke", listed["id"], "--store", place, "--json").stdout)
    assert revoked == {"revoked": "a", "id": listed["id"], "role": "admin"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keys", "make", "a", "--role", "owner"), "owner"),
        (("keys", "make", "a"), "--role"),
        (("keys", "make", "", "--role", "read"), "say who has it"),
        (("keys", "list"), "there is no store"),
        (("keys", "revoke", "a"), "there is no store"),
        (("forget", "phone"), "there is no store"),
    ],
)
def test_what_cannot_be_done_is_refused(
    tutelage: Command, place: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert_refused(tutelage(*arguments, "--store", place), said)


def test_a_url_without_a_store_is_refused(tutelage: Command) -> None:
    assert_refused(
        tutelage("keys", "list", "--store", "redis://host"), "cannot be on 'redis'", "postgresql://"
    )


def test_the_store_is_that_of_the_environment(
    tutelage: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUTELAGE_STORE", f"sqlite:///{place}")
    tutelage("keys", "make", "a", "--role", "locate")
    assert len(json.loads(tutelage("keys", "list", "--json").stdout)) == 1


def test_a_device_is_forgotten(tutelage: Command, place: Path) -> None:
    with Store.open(str(place)) as store:
        store.tracks.add([TrackPoint("adas-phone", 1.0), TrackPoint("tablet", 1.0)])
        store.surveys.add_scans([SurveyScan("s", 1.0, {}, device="adas-phone")])
    assert_refused(tutelage("forget", "adas-fone", "--store", place), "Did you mean adas-phone?")
    ended = tutelage("forget", "adas-phone", "--store", place)
    assert ended.code == 0
    assert [line.strip("│ ").split("│")[1].strip() for line in ended.stdout.splitlines() if "│" in line] == [
        *("adas-phone", "1", "1", "0")
    ]
    forgotten = json.loads(tutelage("forget", "tablet", "--store", place, "--json").stdout)
    assert forgotten == {"device": "tablet", "n_track_points": 1, "n_survey_scans": 0, "n_survey_sessions": 0}
    with Store.open(str(place)) as store:
        assert store.devices.all() == []
