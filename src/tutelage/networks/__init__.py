"""Specialized networks and the contract that a user's own network joins by."""

from tutelage.networks.baat import NOT_LIPSCHITZ, BAaT
from tutelage.networks.base import NetworkSpec, Representations, SpecializedNetwork
from tutelage.networks.bayescnn import BayesCNN, bayescnn_space
from tutelage.networks.cnnloc import CNNLoc
from tutelage.networks.contract import check_network
from tutelage.networks.dnn import DNN
from tutelage.networks.inputs import RssBatch, RssTable, SparseLinear
from tutelage.networks.registry import build_network, network_names, network_spec, register_network
from tutelage.networks.search import SearchSpace, Suggest
from tutelage.networks.settings import checked_settings

__all__ = [
    "DNN",
    "BAaT",
    "BayesCNN",
    "CNNLoc",
    "NetworkSpec",
    "Representations",
    "RssBatch",
    "RssTable",
    "SearchSpace",
    "SparseLinear",
    "SpecializedNetwork",
    "Suggest",
    "build_network",
    "check_network",
    "checked_settings",
    "network_names",
    "network_spec",
    "register_network",
]

# Lengths are what a CPU affords; results/networks.md shows what they give.
_CNNLOC_INPUT = {"rss_min_dbm": -95.0}  # ((95 + RSS) / 95)^e, as published

register_network("dnn", DNN, sparse_input=True)
register_network(
    "cnnloc",
    CNNLoc,
    sparse_input=True,
    recipes={"paper": _CNNLOC_INPUT, "default": _CNNLOC_INPUT | {"updates": 2500}},
)
register_network("bayescnn", BayesCNN, recipes={"default": {"updates": 1000}}, search=bayescnn_space)
register_network(
    "baat",
    BAaT,
    sparse_input=True,
    recipes={
        "paper": {"learning_rate": 1e-4},
        "default": {"learning_rate": 1e-3, "updates": 800},
    },
    no_functional_information=NOT_LIPSCHITZ,
)
