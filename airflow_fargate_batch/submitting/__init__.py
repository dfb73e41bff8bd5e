"""Exactly-once submission of requests, on top of ``aws``."""
