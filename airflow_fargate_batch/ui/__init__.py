"""Pages in Airflow's UI, from Airflow 3.1 on: the job of a task, and the recent jobs of all DAGs.

Only ``plugin`` is imported by Airflow's processes; the API server alone imports the rest, with its
first request.
"""
