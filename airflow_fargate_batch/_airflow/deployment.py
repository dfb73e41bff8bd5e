"""Identity of an Airflow installation, to separate the jobs of installations.

Two installations may share an AWS account, a queue, and the ids of DAGs and runs: dev and prod, a
restored backup. ``[fargate_batch] deployment`` names each. By default the name comes from settings
shared by all workers of an installation, and different in two installations:

1. the public address of Airflow: ``[api] base_url``, on 2.11 ``[webserver] base_url``;
2. if the address is a loopback address, as on every machine: also the address of the execution API
   (3.x) and ``[core] fernet_key``. A key from the environment is the same on all workers. A key
   from ``airflow.cfg`` counts only if everything runs on a single machine, because a 3.x worker
   elsewhere needs no key, and may have generated a key.

Only a hash of the settings leaves the process.
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
    """Return the name of the installation, the same in all workers."""
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
    """Report whether a URL is missing or leads to the local machine."""
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
