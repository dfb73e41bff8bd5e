"""Measure the package side by side with what people use today: ``python -m benchmarks``.

Ours and the alternative run in turn, in the same minutes, on the same machine, against the same
LocalBatch, each in processes of its own. Where a benchmark has several rounds, both sides show
their best: noise can only make time and CPU worse.
"""
