"""What can be asked of the tables, and what is refused."""

from __future__ import annotations

import pytest

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.experiments.paper_tables import TABLES, Request, find_table


@pytest.mark.parametrize(
    ("name", "request_", "error", "message"),
    [
        ("tabel1", Request(), UnknownNameError, r"unknown table 'tabel1'\. Did you mean table1"),
        ("table1", Request(budget="quik"), UnknownNameError, "unknown budget 'quik'.*mean quick"),
        ("table1", Request(targets=("tut6", "tampera")), UnknownNameError, "target 'tampera'.*mean tampere"),
        ("table1", Request(networks=("bayesnn",)), UnknownNameError, "network 'bayesnn'.*mean bayescnn"),
        ("table1", Request(networks=("kn",)), UnknownNameError, "network 'kn'.*mean knn"),
        ("table1", Request(methods=("defalt",)), UnknownNameError, "method 'defalt'.*mean default"),
        ("table1", Request(methods=("sim_mi",)), UnknownNameError, "unknown method 'sim_mi'"),
        ("table1", Request(sources=("dsi",)), UnknownNameError, "source 'dsi'.*mean dsi1"),
        ("table1", Request(targets=("tut6", "tut6")), BadInputError, "a target is given twice: tut6, tut6"),
        ("table1", Request(sources=("tut6", "tut6")), BadInputError, "a source is given twice"),
        (
            "table3",
            Request(targets=("tut6", "dsi1"), sources=("tampere", "dsi1")),
            BadInputError,
            "dsi1 is a target and cannot be a source of it",
        ),
    ],
    ids=str,
)
def test_what_does_not_exist_is_refused_with_a_suggestion(
    name: str, request_: Request, error: type[TutelageError], message: str
) -> None:
    with pytest.raises(error, match=message):
        find_table(name, request_)


def test_methods_of_the_ablation_are_known_to_table2() -> None:
    assert find_table("table2", Request(methods=("sim_mi", "fi_paper"))) is TABLES["table2"]
