"""Internals of the operators, sensors and triggers: all other code that imports Airflow."""
