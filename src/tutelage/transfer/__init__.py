"""Transfer from source buildings' own data: the methods that the paper compares with."""

from tutelage.transfer.recipe import TransferRecipe, transfer_recipe
from tutelage.transfer.shared_trunk import Source, TransferKind, transfer

__all__ = ["Source", "TransferKind", "TransferRecipe", "transfer", "transfer_recipe"]
