"""The small runtime: positions from an exported model, with numpy and onnxruntime alone.

Load a model and locate a scan with
``Runtime.load("model.zip").locate([{"aa:bb:cc:dd:ee:ff": -63.0}])``.
Models of k-NN need numpy and nothing else.
"""

from tutelage.runtime.exported_file import RUNTIME_FORMAT, card_digest, is_exported, read_exported
from tutelage.runtime.exported_model import Runtime

__all__ = ["RUNTIME_FORMAT", "Runtime", "card_digest", "is_exported", "read_exported"]
