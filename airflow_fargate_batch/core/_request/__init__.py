"""Readers of a request's arguments; ``core.request`` puts them together."""
