"""Errors for an environment without a suitable Airflow for operator, sensor, trigger and hook.

The package does not depend on Airflow, because installing the package would replace the Airflow of
an old image. So the import reports missing software.
"""

import re
from typing import Final

OLDEST: Final = (2, 11)

_NEEDS: Final = (
    "The operators, sensors, triggers and hook of airflow-fargate-batch need Airflow 2.11 or later "
    "and the Amazon provider 9.8 or later"
)


def airflow_is_missing() -> ImportError:
    """Return the error for an environment without Airflow or the Amazon provider."""
    return ImportError(
        f"{_NEEDS}; Airflow or the provider is missing: pip install "
        "'airflow-fargate-batch[airflow]'. The command line does not need Airflow."
    )


def airflow_is_too_old(version: str) -> ImportError | None:
    """Return the error for a too old Airflow; ``None`` for a suitable Airflow."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) >= OLDEST:
        return None
    return ImportError(
        f"{_NEEDS}; this is Airflow {version}. The command line does not need Airflow."
    )
