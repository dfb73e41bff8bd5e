"""Run AWS Batch jobs on Fargate from Airflow: checked first, submitted exactly once.

The public names live one level down, so that importing the package costs nothing:
``operators``, ``sensors``, ``triggers``, ``hooks``, ``core``, ``local``.
"""

__version__ = "0.1.0"
