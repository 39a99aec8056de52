"""A Postgres cluster of its own, from the machine's packages."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.processes.machine import LOOPBACK, program


class Postgres:
    """A cluster of its own; as root it runs under Debian's `postgres` user, since it must."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = str(port)
        self._password_file = folder.parent / "postgres.pgpass"
        bins = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda b: int(b.parent.name))
        self._bin = str(bins[-1]) if bins else ""
        root = os.geteuid() == 0
        drop = ("--reuid", "postgres", "--regid", "postgres", "--init-groups")
        self._as_user = (program("setpriv"), *drop) if root else ()

    @property
    def command(self) -> Sequence[str]:
        """The server in the foreground, on the loopback interface, without a socket file."""
        options = {"listen_addresses": LOOPBACK, "port": self._port, "unix_socket_directories": ""}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return (*self._as_user, self._program("postgres"), "-D", str(self._folder), *settings)

    def create(self, password: str) -> None:
        """Make the cluster where there is none; every connection needs the password."""
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(f"*:*:*:*:{password}\n")
        if (self._folder / "PG_VERSION").exists():
            return
        self._folder.mkdir()
        given = self._folder.parent / "postgres.initial"
        given.write_text(password)
        if self._as_user:
            for path in (self._folder, given):
                shutil.chown(path, "postgres", "postgres")
        arguments = ("-D", str(self._folder), "-U", "dagster", "--auth=scram-sha-256", "-E", "UTF8")
        initdb = (*self._as_user, self._program("initdb"), *arguments, f"--pwfile={given}")
        done = subprocess.run(initdb, capture_output=True, text=True, cwd="/")
        given.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{done.stderr}")

    def create_database(self) -> None:
        """Make the database where there is none."""
        found = self._client("psql", "-d", "postgres", "-Atc", "SELECT datname FROM pg_database")
        if "dagster" not in found.stdout.split():
            self._client("createdb", "dagster").check_returncode()

    def ready(self) -> bool:
        """Whether it takes connections."""
        return self._client("pg_isready", "-d", "postgres").returncode == 0

    def _client(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (self._program(name), "-h", LOOPBACK, "-p", self._port, "-U", "dagster", *arguments),
            env={**os.environ, "PGPASSFILE": str(self._password_file)},
            capture_output=True,
            text=True,
        )

    def _program(self, name: str) -> str:
        return program(name, self._bin)
