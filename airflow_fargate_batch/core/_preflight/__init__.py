"""Parts of ``core/preflight.py``: the rules by subject, as data."""
