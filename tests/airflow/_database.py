"""A migrated SQLite database: Airflow migrates one, and all further Airflows start with a copy.

`airflow db migrate` takes some seconds of CPU, and tests need a dozen empty databases.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from tests.patience import PATIENCE

_KEPT = Path(__file__).parents[2] / ".airflow" / "migrated"


def migrate(binary: Path, environment: Mapping[str, str], *, log: Path) -> None:
    """Migrate the database of an Airflow home.

    :raises RuntimeError: ``airflow db migrate`` failed; *log* says why.
    """
    with log.open("wb") as output:
        done = subprocess.run(
            [binary, "db", "migrate"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )
    if done.returncode:
        raise RuntimeError("airflow db migrate failed")


def copy_migrated(binary: Path, environment: Mapping[str, str], *, log: Path) -> None:
    """Put a migrated database into an Airflow home whose database is SQLite."""
    place = Path(environment["AIRFLOW_HOME"]) / "airflow.db"
    kept = _KEPT / f"{_kind(environment)}.db"
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not kept.exists():
            migrate(binary, environment, log=log)
            part = kept.with_suffix(".part")
            shutil.copy(place, part)
            part.replace(kept)
            return
    shutil.copy(kept, place)


def _kind(environment: Mapping[str, str]) -> str:
    """Return a name for what decides which tables there are: packages and settings."""
    packages = {
        f"{package.name}=={package.version}"
        for package in distributions()
        if package.name.startswith("apache-airflow")
    }
    settings = {
        f"{name}={value}"
        for name, value in environment.items()
        if name.startswith(("AIRFLOW__DATABASE__", "AIRFLOW__CORE__AUTH_MANAGER"))
        and name != "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
    }
    return hashlib.sha256("\n".join(sorted(packages | settings)).encode()).hexdigest()[:16]
