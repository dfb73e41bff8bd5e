"""Identity of an Airflow installation: what tells its jobs from those of another one.

Two installations may share an AWS account, a queue, and the ids of DAGs and runs: dev and prod, a
restored backup. ``[fargate_batch] deployment`` names each. By default the name comes from settings
that all workers of one installation share and two installations do not:

1. the address at which people reach Airflow: ``[api] base_url``, on 2.11 ``[webserver] base_url``;
2. if that is a loopback address, which every machine has: together with the address of the
   execution API (3.x) and with ``[core] fernet_key``. A key from the environment is the same on all
   workers. A key from ``airflow.cfg`` counts only if everything runs on one machine, because a 3.x
   worker elsewhere needs no key, and may have made up one of its own.

Only a hash of these leaves the process.
"""

import hashlib
import os
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from airflow_fargate_batch._airflow.compat import conf

SECTION: Final = "fargate_batch"
_BASE_URLS: Final = (("api", "base_url"), ("webserver", "base_url"))
_EXECUTION_API: Final = ("core", "execution_api_server_url")
_KEY: Final = ("core", "fernet_key")
_KEY_VARIABLES: Final = tuple(f"AIRFLOW__CORE__FERNET_KEY{end}" for end in ("", "_CMD", "_SECRET"))
_DIGITS: Final = 12


def deployment() -> str:
    """Return the name of this installation, the same in all its workers."""
    if name := _setting(SECTION, "deployment").strip():
        return name
    base_url = next(filter(None, (_setting(*key) for key in _BASE_URLS)), "").rstrip("/")
    if not _is_loopback(base_url):
        return _hash(base_url)
    execution_api = _setting(*_EXECUTION_API)
    is_one_machine = _is_loopback(execution_api)
    is_shared = any(os.environ.get(variable) for variable in _KEY_VARIABLES)
    key = _setting(*_KEY) if is_one_machine or is_shared else ""
    return _hash(base_url, execution_api, key)


def _setting(section: str, option: str) -> str:
    return str(conf.get(section, option, fallback=None) or "")


def _is_loopback(url: str) -> bool:
    """Tell whether a URL leads to the machine itself, or there is none."""
    host = urlsplit(url if "//" in url else f"//{url}").hostname or "localhost"
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]
