"""``python -m airflow_fargate_batch`` is ``fargate-batch``."""

import sys

from airflow_fargate_batch.cli import main

sys.exit(main())
