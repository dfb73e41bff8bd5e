"""A PostgreSQL server of one's own: in a temporary directory, on a Unix socket, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE


def find_postgres() -> Path | None:
    """Find the directory of the server's programs, which Debian keeps off PATH."""
    on_path = shutil.which("postgres")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server for as long as the block lasts, and give SQLAlchemy's URL of its database."""
    programs = find_postgres()
    if programs is None:
        raise FileNotFoundError("no PostgreSQL on this machine: apt-get install postgresql")
    # Not below pytest's own directory, which other users cannot enter.
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    # PostgreSQL refuses to run as root.
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(home, "nobody", "nogroup")

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(home / "data"), *arguments]
        with (home / f"{program}.log").open("ab") as log:
            subprocess.run(
                command, check=True, cwd="/", stdout=log, stderr=log, timeout=PATIENCE, **as_user
            )

    run("initdb", "--auth=trust", "--username=airflow", "--encoding=UTF8", "--no-sync")
    options = f"-k {home} -h '' -c fsync=off -c max_connections=300"
    run("pg_ctl", "start", "--wait", "--log", str(home / "server.log"), "--options", options)
    try:
        yield f"postgresql+psycopg2://airflow@/postgres?host={home}"
    finally:
        run("pg_ctl", "stop", "--mode", "immediate")
        shutil.rmtree(home)
