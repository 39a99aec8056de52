"""The parts, in the order they need each other, kept alive."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.processes.machine import LOOPBACK, free_port, http, program
from deploy.processes.part import Part
from deploy.processes.postgres import Postgres

DEPLOY = Path(__file__).resolve().parents[1]
SBIN = "/usr/sbin"
PYTHON = (sys.executable, "-m")
DAEMON = str(Path(sysconfig.get_path("scripts")) / "dagster-daemon")


@dataclass
class Topology:
    """All parts on one machine.

    Attributes:
        home: Everything they leave behind; Postgres, where root starts it, needs to reach it.
        users: File of `name:hash` lines of those who may enter.
        port: The proxy's; any free one where it is 0.
        code: The checkout whose experiments are served.
        parts: By name, in the order in which they start.
    """

    home: Path
    users: Path
    port: int = 0
    code: Path = DEPLOY.parent
    parts: dict[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self.port = self.port or free_port()
        self.ports = {name: free_port() for name in ("postgres", "code", "webserver")}
        self.ports["proxy"] = self.port

    @property
    def url(self) -> str:
        """Where people go."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every part, and a command line that works on this instance, needs to know."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DAGSTER_COMPUTE_LOGS": str(self.home / "logs"),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DAGSTER_PG_HOST": LOOPBACK,
            "DAGSTER_PG_PORT": str(self.ports["postgres"]),
            "DAGSTER_PG_DB": "dagster",
            "DAGSTER_PG_USER": "dagster",
            "DAGSTER_PG_PASSWORD": self.password(),
            "PYTHONPATH": str(self.code),
            "RLSD_CODE_HOST": LOOPBACK,
            "RLSD_CODE_PORT": str(self.ports["code"]),
            "RLSD_HOME": str(self.home),
        }

    def start(self) -> None:
        """Start everything in order and keep it alive until `stop`.

        Raises:
            RuntimeError: A part does not come up; its log is named.
        """
        for name in ("dagster", "logs", "output", "proxy"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copyfile(DEPLOY / name, self.home / "dagster" / name)
        postgres = Postgres(self.home / "postgres", self.ports["postgres"])
        postgres.create(self.password())
        self._begin("postgres", postgres.command, postgres.ready, quit=signal.SIGINT)
        postgres.create_database()
        self._run(*PYTHON, "dagster", "instance", "migrate")
        self._begin_dagster()
        self._begin_proxy()
        threading.Thread(target=self._keep_alive, daemon=True).start()

    def stop(self) -> None:
        """End everything, Postgres last."""
        self._ending.set()
        with self._lock:
            others = [part for name, part in self.parts.items() if name != "postgres"]
            for part in others:
                part.ask_to_end()
            for part in others:
                part.wait_until_ended()
            if "postgres" in self.parts:
                self.parts["postgres"].ask_to_end()
                self.parts["postgres"].wait_until_ended()

    def _keep_alive(self) -> None:
        while not self._ending.wait(1):
            with self._lock:
                for part in self.parts.values():
                    if part.has_died and not self._ending.is_set():
                        part.launch()

    def _begin(
        self,
        name: str,
        command: Sequence[str],
        ready: Callable[[], bool],
        *,
        quit: signal.Signals = signal.SIGTERM,
        **settings: str,
    ) -> None:
        log = self.home / "output" / f"{name}.log"
        environment = self.environment | settings
        part = Part(command, ready, environment, self.code, log, quit)
        self.parts[name] = part
        part.launch()
        part.wait_until_ready()

    def _begin_dagster(self) -> None:
        workspace = ("-w", str(self.home / "dagster" / "workspace.yaml"))
        code = ("-p", str(self.ports["code"]))
        module = ("-h", LOOPBACK, "-m", "assets.definitions")
        webserver = ("-h", LOOPBACK, "-p", str(self.ports["webserver"]))
        answers = f"http://{LOOPBACK}:{self.ports['webserver']}/server_info"
        self._begin(
            "code",
            (*PYTHON, "dagster", "code-server", "start", *code, *module),
            lambda: self._succeeds(*PYTHON, "dagster", "api", "grpc-health-check", *code),
        )
        self._begin(
            "webserver",
            (*PYTHON, "dagster_webserver", *webserver, *workspace),
            lambda: http(answers) == 200,
        )
        self._begin(
            "daemon",
            (DAEMON, "run", *workspace),
            lambda: self._succeeds(DAEMON, "liveness-check"),
        )

    def _begin_proxy(self) -> None:
        for name in ("nginx", "envsubst"):
            program(name, SBIN)
        self._begin(
            "proxy",
            ("sh", str(DEPLOY / "proxy" / "start.sh")),
            lambda: http(f"{self.url}/healthz") == 200,
            quit=signal.SIGQUIT,
            LISTEN=f"{LOOPBACK}:{self.port}",
            WEBSERVER=f"{LOOPBACK}:{self.ports['webserver']}",
            USERS=str(self.users),
            SCRATCH=str(self.home / "proxy"),
            PATH=os.pathsep.join((os.environ["PATH"], SBIN)),
        )

    def password(self) -> str:
        """The database's, made once."""
        file = self.home / "postgres.password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        return file.read_text()

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, env=self.environment, cwd=self.code, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")

    def _succeeds(self, *command: str) -> bool:
        done = subprocess.run(command, env=self.environment, cwd=self.code, capture_output=True)
        return done.returncode == 0
