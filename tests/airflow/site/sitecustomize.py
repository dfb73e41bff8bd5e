"""Settings of each process of the tests' Airflows, run by Python itself: see QUICK in conftest.py.

An Airflow loads a million objects and keeps them. To look for garbage among them, again and again
while they are loaded and once more at the exit, takes a quarter of the CPU of a short process.
"""

import atexit
import gc

gc.set_threshold(100_000, 50, 50)
atexit.register(gc.freeze)
