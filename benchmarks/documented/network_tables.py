"""Table of research/networks.md: sizes of the networks, counted from the package."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["network_table"]

SURVEYS = {"UJIIndoorLoc": (465, 18), "Tampere": (779, 48)}
"""Access points heard in training, and in a mean scan."""


def network_table(_rows: Sequence[Row] = ()) -> list[str]:
    """Return d_E, the length of the default recipe, weights and multiply-adds of every network."""
    # Imported here, since PyTorch takes seconds and no other table needs it.
    from tutelage.methods.teachers.zoo_making import ZOO_NETWORKS
    from tutelage.networks import build_network, network_cost, network_spec
    from tutelage.paper.expert_distilling import distilling_recipe

    head = ["name", "d_E", "updates"]
    for survey in SURVEYS:
        head += [f"weights, {survey}", "multiply-adds"]
    lines = []
    for name in sorted(ZOO_NETWORKS):  # those that come with Tutelage; others may be registered beside them
        updates = distilling_recipe("default", {}, network_spec(name)).updates
        counts = [count for survey in SURVEYS.values() for count in network_cost(name, *survey)]
        d_e = build_network(name, 40).d_e(40)
        lines.append([f"`{name}`", str(d_e), *(f"{count:,}" for count in (updates, *counts))])
    return table_lines(head, lines)
