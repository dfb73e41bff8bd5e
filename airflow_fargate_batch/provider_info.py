"""Description of the provider for Airflow."""

from typing import Any, Final

INTEGRATION: Final = "AWS Batch on Fargate"


def _modules(name: str) -> list[dict[str, Any]]:
    return [{"integration-name": INTEGRATION, "python-modules": [f"airflow_fargate_batch.{name}"]}]


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's ``ProvidersManager``."""
    return {
        "package-name": "airflow-fargate-batch",
        "name": INTEGRATION,
        "description": "Run AWS Batch jobs on Fargate: validated, submitted exactly once.",
        "config": {
            "fargate_batch": {
                "description": "Settings of the provider airflow-fargate-batch.",
                "options": {
                    "deployment": {
                        "description": (
                            "Name of this Airflow installation, the same on all its workers. Jobs "
                            "that carry another name are never adopted or terminated. If several "
                            "installations share an AWS account and a job queue, give each its "
                            "own name. Default: a hash of [api] base_url (Airflow 2: [webserver] "
                            "base_url). If base_url is a loopback address, the hash also covers "
                            "[core] execution_api_server_url and [core] fernet_key.\n"
                        ),
                        "version_added": None,
                        "type": "string",
                        "example": "prod",
                        "default": None,
                    },
                    "prices_file": {
                        "description": (
                            "Absolute path of a JSON file on the workers with prices that replace "
                            "the built-in prices of Fargate, in the form of `fargate-batch prices "
                            "--output json`. Default: the built-in prices.\n"
                        ),
                        "version_added": None,
                        "type": "string",
                        "example": "/opt/airflow/fargate-prices.json",
                        "default": None,
                    },
                },
            },
        },
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/batch/latest/userguide/fargate.html",
                "tags": ["aws"],
            }
        ],
        "operators": _modules("operators"),
        "sensors": _modules("sensors"),
        "hooks": _modules("hooks"),
        "triggers": _modules("triggers"),
        "task-decorators": [
            {
                "name": "fargate_batch",
                "class-name": "airflow_fargate_batch.decorators.fargate_batch_task",
            },
            {
                "name": "fargate_batch_cmd",
                "class-name": "airflow_fargate_batch.decorators.fargate_batch_cmd_task",
            },
        ],
        "plugins": [
            {
                "name": "airflow_fargate_batch",
                "plugin-class": "airflow_fargate_batch.ui.plugin.FargateBatchPlugin",
            },
        ],
        "extra-links": [
            "airflow_fargate_batch.links.BatchJobLink",
            "airflow_fargate_batch.links.BatchJobDefinitionLink",
            "airflow_fargate_batch.links.BatchJobQueueLink",
            "airflow_fargate_batch.links.BatchJobLogLink",
        ],
    }
