import os
from pathlib import Path

# dag.test() looks for the DAG in Airflow's DAGs folder
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(Path(__file__).parents[1] / "dags")
pytest_plugins = ["airflow_fargate_batch.local.pytest_plugin"]
