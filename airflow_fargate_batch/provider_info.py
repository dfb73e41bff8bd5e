"""What Airflow asks an installed provider about itself."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's ``ProvidersManager``."""
    return {
        "package-name": "airflow-fargate-batch",
        "name": "AWS Batch on Fargate",
        "description": "Run AWS Batch jobs on Fargate: validated, submitted exactly once.",
        "extra-links": [
            "airflow_fargate_batch.links.BatchJobLink",
            "airflow_fargate_batch.links.BatchJobDefinitionLink",
            "airflow_fargate_batch.links.BatchJobQueueLink",
            "airflow_fargate_batch.links.BatchJobLogLink",
        ],
    }
