"""Specialized networks and the contract that a user's own network joins by."""

from tutelage.networks.base import NetworkSpec, Representations, SpecializedNetwork
from tutelage.networks.contract import check_network
from tutelage.networks.dnn import DNN
from tutelage.networks.inputs import RssBatch, RssTable, SparseLinear
from tutelage.networks.registry import build_network, network_names, network_spec, register_network
from tutelage.networks.settings import checked_settings

__all__ = [
    "DNN",
    "NetworkSpec",
    "Representations",
    "RssBatch",
    "RssTable",
    "SparseLinear",
    "SpecializedNetwork",
    "build_network",
    "check_network",
    "checked_settings",
    "network_names",
    "network_spec",
    "register_network",
]

register_network("dnn", DNN, sparse_input=True)
