"""Specialized networks, and the contract that a user's own network keeps."""

from tutelage.networks.baat import NOT_LIPSCHITZ, BAaT
from tutelage.networks.bayescnn import BAYESCNN_START, BayesCNN, bayescnn_space
from tutelage.networks.checked_settings import checked_settings
from tutelage.networks.cnnloc import CNNLoc
from tutelage.networks.dnn import DNN
from tutelage.networks.encoder import behind_encoder, encoder_of, same_trunk, trunk_of
from tutelage.networks.initial_weights import InitialWeights, initialise
from tutelage.networks.inputs import FullBatch, RssBatch, RssTable, SparseLinear
from tutelage.networks.network_contract import check_network
from tutelage.networks.network_cost import NetworkCost, network_cost
from tutelage.networks.network_file import (
    NetworkChoice,
    NetworkFile,
    SearchRecord,
    network_choice,
    plain_name,
)
from tutelage.networks.network_registry import (
    NETWORKS,
    build_network,
    network_names,
    network_spec,
    register_network,
)
from tutelage.networks.search_space import SearchSpace, Suggest
from tutelage.networks.specialized_network import (
    NetworkSpec,
    Representations,
    SpecializedNetwork,
    split_settings,
)

__all__ = [
    "DNN",
    "NETWORKS",
    "BAaT",
    "BayesCNN",
    "CNNLoc",
    "FullBatch",
    "InitialWeights",
    "NetworkChoice",
    "NetworkCost",
    "NetworkFile",
    "NetworkSpec",
    "Representations",
    "RssBatch",
    "RssTable",
    "SearchRecord",
    "SearchSpace",
    "SparseLinear",
    "SpecializedNetwork",
    "Suggest",
    "behind_encoder",
    "build_network",
    "check_network",
    "checked_settings",
    "encoder_of",
    "initialise",
    "network_choice",
    "network_cost",
    "network_names",
    "network_spec",
    "plain_name",
    "register_network",
    "same_trunk",
    "split_settings",
    "trunk_of",
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
register_network(
    "bayescnn",
    BayesCNN,
    recipes={"default": {"updates": 1000}},
    search=bayescnn_space,
    search_start=BAYESCNN_START,
)
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
