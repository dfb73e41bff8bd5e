"""Measure the package side by side with what people use today: ``python -m benchmarks``.

Ours and the alternative run in turn, in the same minutes, on the same machine, against the same
LocalBatch, each in processes of its own. What noise can only make worse (time, CPU, stalls) is told
as the best of all rounds, for both sides.
"""
