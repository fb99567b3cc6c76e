"""Comparing scans with numpy alone: what the library and its small runtime answer by.

Nothing here imports more than numpy and what of Tutelage needs no more, so that the formulas stand once:
training builds on them with scipy and PyTorch, the runtime reads an exported model and uses them as they are.
"""
