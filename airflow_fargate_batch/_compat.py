"""The only file that knows one Airflow from another: 2.11, 3.0 and 3.1 or later.

Each name is looked up where the newest Airflow has it, then where older ones do. When support for
a version ends, its line goes.
"""

from typing import TYPE_CHECKING

from airflow.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, BaseOperatorLink, Context, XComArg
    from airflow.sdk._shared.secrets_masker import mask_secret, redact
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
    from airflow.sdk.execution_time.xcom import XCom
else:
    try:
        from airflow.sdk import BaseOperator, BaseOperatorLink, Context, XComArg
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:  # 2.11
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.xcom import XCom
        from airflow.models.xcom_arg import XComArg
        from airflow.utils.context import Context
    try:
        from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
    except ImportError:  # 2.11 and 3.0
        from airflow.exceptions import AirflowFailException, AirflowSkipException
    try:
        from airflow.sdk.log import mask_secret, redact
    except ImportError:
        try:
            from airflow.sdk.execution_time import secrets_masker as _masker  # 3.0
        except ImportError:
            from airflow.utils.log.secrets_masker import mask_secret, redact  # 2.11
        else:
            redact = _masker.redact

            def mask_secret(secret: str) -> None:
                """Mask a secret here before its message to the supervisor is logged at DEBUG."""
                _masker._secrets_masker().add_mask(secret)  # noqa: SLF001 - 3.0 has no other way
                _masker.mask_secret(secret)


__all__ = [
    "AirflowFailException",
    "AirflowSkipException",
    "BaseOperator",
    "BaseOperatorLink",
    "Context",
    "XCom",
    "XComArg",
    "conf",
    "mask_secret",
    "redact",
]
