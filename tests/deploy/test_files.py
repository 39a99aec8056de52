"""The files of the deployment, each against a tool that knows its format."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
GIVEN = {"POSTGRES_PASSWORD": "secret", "RLSD_USERS_FILE": "./secrets/users"}


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} is not installed: make test-deploy installs it")
    return found


def said(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def interpolated(text: str, given: dict[str, str]) -> str:
    """Compose's `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        name, sign, rest = match.groups()
        if not given.get(name) and sign == ":?":
            raise KeyError(name)
        return given.get(name) or rest

    return re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, text)


@pytest.fixture
def services() -> dict[str, Any]:
    return yaml.safe_load(interpolated(COMPOSE, GIVEN))["services"]


def test_the_dockerfile_passes_hadolint() -> None:
    done = said(tool("hadolint"), DEPLOY / "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_every_yaml_file_passes_yamllint() -> None:
    done = said(tool("yamllint"), "--strict", "-c", DEPLOY / "yamllint.yaml", DEPLOY)
    assert done.returncode == 0, done.stdout


def test_the_proxy_passes_gixy(tmp_path: Path) -> None:
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    values = {"LISTEN": "8080", "WEBSERVER": "webserver:3000", "USERS": "/u", "SCRATCH": "/tmp"}
    values["RESOLVER"] = "127.0.0.11"
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    (tmp_path / "nginx.conf").write_text(text)
    done = said(tool("gixy"), tmp_path / "nginx.conf")
    assert "No issues found" in done.stdout, done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize("file", ["compose.yaml", "compose.cuda.yaml"])
def test_compose_files_are_what_the_specification_allows(file: str) -> None:
    compose_spec = pytest.importorskip("compose_spec", reason="make test-deploy installs it")
    # The merge key is YAML's, and compose's own reader resolves it first.
    plain = yaml.safe_load(interpolated((DEPLOY / file).read_text(), GIVEN))
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(plain)).validate()
    plain["services"]["code"]["depends_on"] = ["nobody"]
    plain["services"]["code"]["restarts"] = "always"
    with pytest.raises(Exception, match="restarts"):
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(plain)).validate()


def test_nothing_starts_without_its_secrets() -> None:
    for missing in GIVEN:
        with pytest.raises(KeyError, match=missing):
            interpolated(COMPOSE, {name: GIVEN[name] for name in GIVEN if name != missing})
    example = (DEPLOY / "env.example").read_text()
    assert "POSTGRES_PASSWORD=\n" in example


def test_only_the_proxy_is_published_and_on_loopback(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"proxy": ["127.0.0.1:3000:8080"]}
    networks = yaml.safe_load(interpolated(COMPOSE, GIVEN))["networks"]
    closed = {name for name, network in networks.items() if network.get("internal")}
    outside = {name for name, service in services.items() if set(service["networks"]) - closed}
    assert outside == {"code", "proxy"}
    assert not set(services["proxy"]["networks"]) & set(services["postgres"]["networks"])
    assert not set(services["proxy"]["networks"]) & set(services["code"]["networks"])


def test_no_service_is_privileged(services: dict[str, Any]) -> None:
    assert "docker.sock" not in COMPOSE
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"], name
        assert service["restart"] == ("on-failure" if name == "migrate" else "unless-stopped")


def test_the_image_holds_no_secrets() -> None:
    kept = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    assert {line[1:] for line in kept} == {
        *("assets", "rlsd_pipeline", "schemas", "deploy"),
        *("LICENSE", "README.md", "pyproject.toml"),
    }
    done = said("git", "-C", ROOT, "check-ignore", *("deploy/.env", "deploy/access.env"))
    if done.returncode != 128:
        assert done.stdout.split() == ["deploy/.env", "deploy/access.env"]


@pytest.fixture
def instance_config(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text()):
        monkeypatch.setenv(name, "5432" if name.endswith("PORT") else "value")
    return dict(dagster_instance_config(str(DEPLOY))[0])


def test_dagster_accepts_its_instance_file(instance_config: dict[str, Any]) -> None:
    assert instance_config["telemetry"] == {"enabled": False}
    assert instance_config["nux"] == {"enabled": False}
    assert instance_config["run_monitoring"]["free_slots_after_run_end_seconds"] > 0


def test_order_and_retries_are_those_of_the_local_instance(
    instance_config: dict[str, Any],
) -> None:
    local = dagster_instance_config(str(DEPLOY / "local"))[0]
    limits = [
        each["run_coordinator"]["config"]["tag_concurrency_limits"]
        for each in (local, instance_config)
    ]
    assert limits[0] == limits[1] != []
    assert local["run_retries"] == instance_config["run_retries"]


def test_the_chart_is_told_the_same(instance_config: dict[str, Any]) -> None:
    values = yaml.safe_load((DEPLOY / "helm" / "dagster-values.yaml").read_text())
    daemon = values["dagsterDaemon"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    # The chart's webserver and daemon are Dagster's own images, which do not know our queue.
    keys = [limit["key"] for limit in queue["tagConcurrencyLimits"]]
    assert keys == ["dagster/partition/arm", "arm"]
    assert queue["maxConcurrentRuns"] == 2
    retries = instance_config["run_retries"]
    assert daemon["runRetries"]["maxRetries"] == retries["max_retries"]
    assert (
        daemon["runRetries"]["retryOnAssetOrOpFailure"] is retries["retry_on_asset_or_op_failure"]
    )
    assert values["telemetry"] == instance_config["telemetry"]
    assert values["additionalInstanceConfig"]["nux"] == instance_config["nux"]
    assert values["ingress"] == {"enabled": False}
    assert "postgresqlPassword" not in values["postgresql"]
    assert values["generatePostgresqlPasswordSecret"] is False
