"""Auth manager for tests of the pages, with a user who may not see each DAG."""

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from tests.airflow.page_users.names import PRIVATE, RESTRICTED


class PerDagAuthManager(SimpleAuthManager):
    """Users sign in by their passwords; user ``restricted`` may not see the DAG ``private``."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **rest: Any) -> bool:
        """Report whether a user may access a DAG."""
        if user.username == RESTRICTED and details is not None and details.id == PRIVATE:
            return False
        return super().is_authorized_dag(user=user, details=details, **rest)
