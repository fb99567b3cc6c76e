"""The exception tree and its messages."""

from __future__ import annotations

import pickle

import pytest

from tutelage import errors
from tutelage.errors import BadInputError, DataUnavailableError, TutelageError, UnknownNameError


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name.endswith("Error")])
def test_every_error_is_a_tutelage_error(name: str) -> None:
    assert issubclass(getattr(errors, name), TutelageError)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (BadInputError("bad"), ValueError),
        (UnknownNameError("network", "cnm", ["cnn"]), LookupError),
        (DataUnavailableError("nowhere"), FileNotFoundError),
    ],
)
def test_error_is_caught_as_its_builtin_kind(error: TutelageError, builtin: type[Exception]) -> None:
    assert isinstance(error, builtin)


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("network", "cnm", ["cnn", "dnn"]),
        BadInputError("is 100", file="scans.csv", row=17),
        DataUnavailableError("nowhere"),
    ],
)
def test_error_keeps_its_type_and_words_on_the_way_to_another_process(error: TutelageError) -> None:
    copied = pickle.loads(pickle.dumps(error))
    assert (type(copied), str(copied)) == (type(error), str(error))


def test_bad_input_names_the_place_before_the_message() -> None:
    error = BadInputError("is 100", file="scans.csv", row=17, column="WAP042")
    assert str(error) == "scans.csv, row 17, column WAP042: is 100"
    assert (error.file, error.row, error.column) == ("scans.csv", 17, "WAP042")


def test_bad_input_without_a_place_is_the_message_alone() -> None:
    assert str(BadInputError("give either, not both")) == "give either, not both"


def test_bad_input_names_the_first_row_and_column() -> None:
    assert str(BadInputError("is empty", row=0, column=0)) == "row 0, column 0: is empty"


def test_unknown_name_lists_the_first_of_very_many_names_and_says_so() -> None:
    message = str(UnknownNameError("device", "phone", [f"tag {n:03}" for n in range(1040)]))
    assert message.endswith("tag 038, tag 039 and 1,000 more.")
    assert str(UnknownNameError("device", "phone", [])).endswith("Allowed: there is none yet.")


def test_unknown_name_suggests_near_misses_and_lists_what_is_allowed() -> None:
    message = str(UnknownNameError("data set", "UJIIndorLoc", ["utsindoorloc", "ujiindoorloc", "tampere"]))
    assert message.startswith("unknown data set 'UJIIndorLoc'. Did you mean ujiindoorloc")
    assert message.endswith("Allowed: tampere, ujiindoorloc, utsindoorloc.")


def test_unknown_name_far_from_all_suggests_nothing() -> None:
    assert "Did you mean" not in str(UnknownNameError("network", "zzz", ["dnn", "cnn"]))


def test_data_unavailable_prints_its_sentence() -> None:
    assert str(DataUnavailableError("tampere is not here")) == "tampere is not here"
