"""Transfer from source buildings' own data: the methods that the paper compares with."""

from tutelage.paper.transfer.shared_trunk import Source, TransferKind, transfer
from tutelage.paper.transfer.transfer_recipe import TransferRecipe, transfer_recipe

__all__ = ["Source", "TransferKind", "TransferRecipe", "transfer", "transfer_recipe"]
