"""Internals of the operators, sensors and triggers: the rest of what knows Airflow."""
