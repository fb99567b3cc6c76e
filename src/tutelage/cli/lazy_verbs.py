"""The verbs by name: what each does, and the module that is imported when it is run or asked for its help."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

__all__ = ["GROUPS", "VERBS", "LazyGroup", "command_of"]


class Verb(NamedTuple):
    """A verb before its module is imported.

    Attributes
    ----------
    module : str
        Module of this package with the function NAME_command.
    about : str
        First paragraph of its help, which lists of verbs show.
    """

    module: str
    about: str


GROUPS = {
    "data": "Check your survey, convert it, or download public sets.",
    "zoo": "Teachers and the matcher that come with Tutelage.",
    "keys": "Access keys of the service: make, list, revoke.",
}
"""What each group of verbs is for."""
VERBS = {
    "fit": Verb("verb_fit", "Fit a model to a survey and save it."),
    "evaluate": Verb(
        "verb_evaluate", "Measure how far models are off, on scans whose true positions or places are known."
    ),
    "locate": Verb(
        "verb_locate", "Locate scans: a position and a radius for each scan, or a place, or both."
    ),
    "export": Verb(
        "verb_export", "Write a model for phones and for the small runtime, which needs no PyTorch."
    ),
    "compare": Verb(
        "verb_compare",
        "Compare methods on held-out reference points, or on held-out scans of rooms, and recommend one.",
    ),
    "plan": Verb(
        "verb_plan",
        "Estimate what more reference points, walks or scans of rooms would gain, and show where to take "
        "them.",
    ),
    "drift": Verb("verb_drift", "Find access points that have gone, come or changed since the survey."),
    "update": Verb("verb_update", "Update a model with recent scans and save the result."),
    "tune": Verb("verb_tune", "Search for better settings of a network, on training scans alone."),
    "teach": Verb(
        "verb_teach", "Make a surrogate teacher: a file that hands on what was learnt, but not the data."
    ),
    "pretrain": Verb("verb_pretrain", "Pretrain a matcher on several buildings, for use in another one."),
    "reproduce": Verb(
        "verb_reproduce", "Make a table of the paper, or of the accuracy page, with k-NN and the controls."
    ),
    "serve": Verb("verb_serve", "Serve models: positions over HTTP, and a live map in the browser."),
    "collect": Verb(
        "verb_collect", "Scan Wi-Fi on this Linux machine, and send the scans to a survey of the service."
    ),
    "demo": Verb("verb_demo", "Run the main job on two simulated buildings: fit, evaluate, report."),
    "forget": Verb("verb_forget", "Remove a device and its track from the store of the service."),
    "data list": Verb(
        "verb_data_list", "List the public data sets: size, licence, and whether they are on this machine."
    ),
    "data check": Verb("verb_data_check", "Check a survey for mistakes before you fit a model to it."),
    "data fetch": Verb("verb_data_fetch", "Download a public data set, verify it and convert it once."),
    "data export": Verb(
        "verb_data_export", "Write a survey in another form, which every command reads as well."
    ),
    "zoo list": Verb(
        "verb_zoo_list", "List the surrogate teachers and the pretrained matcher that come with Tutelage."
    ),
    "zoo show": Verb(
        "verb_zoo_show", "Show the cards of teachers and pretrained matchers: source, recipe, quality."
    ),
    "zoo make": Verb("verb_zoo_make", "Make the teachers and the matcher that come with Tutelage."),
    "keys make": Verb("verb_keys", "Make an access key and print its secret, which is shown only now."),
    "keys list": Verb("verb_keys", "List the access keys, revoked ones too, without their secrets."),
    "keys revoke": Verb("verb_keys", "Revoke an access key: the service refuses it from now on."),
}
"""All verbs, in the order of the help; the first of two words is a group."""


@cache
def command_of(verb: str) -> Any:
    """Import a verb's module and make its command.

    Parameters
    ----------
    verb : str
        Its name in `VERBS`.

    Returns
    -------
    TyperCommand
        The command, with its options and its whole help.
    """
    module = import_module(f"tutelage.cli.{VERBS[verb].module}")
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(verb.split()[-1])(getattr(module, f"{verb.replace(' ', '_')}_command"))
    return typer.main.get_command(alone)


class LazyGroup(TyperGroup):
    """A group that knows of its verbs what a list of them shows, until one is run or asked for its help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a verb, and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        verb = f"{self.name} {name}" if self.name in GROUPS else name
        return name, command_of(verb) if verb in VERBS else command, rest
