"""The Dockerfile, compose.yaml and the manifests for Kubernetes: they name what exists, and run without privileges.

`make image-check` carries the Dockerfile out; these tests read.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import _MODULES
from app.extras import EXTRAS
from app.settings import Settings
from app.storage.postgres.embedded import _SETTINGS as SETTINGS
from tests.image.dockerfile import stages_of, substituted

ROOT = Path(__file__).parents[2]
DEFAULTS, STAGES = stages_of((ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((ROOT / "docs" / "kubernetes" / "tallylight.yaml").read_text(encoding="utf-8"))
)
VARIABLES = {f"TALLYLIGHT_{name.upper()}" for name in Settings.model_fields}
TMP = "/tmp"  # noqa: S108 - of a container
OURS = [name for name, service in COMPOSE["services"].items() if service["image"].startswith("tallylight")]


def test_the_image_is_built_of_what_exists() -> None:
    """Copied files exist and reach the builder; the chosen extras have locks; the last stage runs as a number, not as root."""
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    copied = [one.words()[0] for stage in STAGES for one in stage.instructions if one.keyword == "COPY"]
    own = {name for name in copied if not name.startswith("--from=")}
    assert own == sent
    assert all((ROOT / name).exists() for name in own)
    assert set(DEFAULTS["EXTRAS"].split()) <= set(EXTRAS)
    users = [one.text for one in STAGES[-1].instructions if one.keyword == "USER"]
    assert ["10001"] == users


def test_an_instruction_that_the_check_does_not_know_is_refused() -> None:
    """Nothing of the Dockerfile is passed over in silence."""
    with pytest.raises(ValueError, match="ADD"):
        stages_of("FROM x\nADD y z\n")
    arguments, stages = stages_of('ARG A="b c"\n# no\nFROM x AS y\nRUN one \\\n    # no\n    two\nENV P=/q:$P R=s\n')
    assert {"A": "b c"} == arguments
    assert [("RUN", "one two"), ("ENV", "P=/q:$P R=s")] == [(one.keyword, one.text) for one in stages[0].instructions]
    assert "P=/q:/bin R=s" == substituted("P=/q:$P R=s", {"P": "/bin"})


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_has_no_privileges(name: str) -> None:
    """Read-only, without capabilities; its settings exist."""
    service = COMPOSE["services"][name]
    assert (True, ["ALL"], ["no-new-privileges:true"], [TMP]) == tuple(
        service[member] for member in ("read_only", "cap_drop", "security_opt", "tmpfs")
    )
    assert set(service["environment"]) <= VARIABLES


def test_compose_backs_up_and_watches() -> None:
    """The backup has the program that it needs; Prometheus asks the server's port and reads rules that exist; Grafana finds both."""
    services = COMPOSE["services"]
    assert {"args": {"EXTRAS": "embedded"}, "context": "."} == services["backup"]["build"]
    for volume in (one for name in ("prometheus", "grafana") for one in services[name]["volumes"] if one.startswith("./")):
        assert (ROOT / volume.split(":")[0]).exists(), volume
    monitoring = ROOT / "docs" / "monitoring"
    scraped = yaml.safe_load((monitoring / "prometheus.yaml").read_text(encoding="utf-8"))
    assert all((monitoring / file).exists() for file in scraped["rule_files"])
    (target,) = (name for one in scraped["scrape_configs"] for group in one["static_configs"] for name in group["targets"])
    port = next(one.text for one in STAGES[-1].instructions if one.keyword == "EXPOSE")
    assert f"tallylight:{port}" == target
    assert "tallylight" in services
    source = yaml.safe_load((monitoring / "provisioning" / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert ["http://prometheus:9090"] == [one["url"] for one in source["datasources"]]
    rules = yaml.safe_load((monitoring / "alerts.yaml").read_text(encoding="utf-8"))
    assert all({"alert", "expr", "labels", "annotations"} <= set(rule) for group in rules["groups"] for rule in group["rules"])


def test_compose_and_the_embedded_database_make_as_few_checkpoints() -> None:
    """The settings that the database of compose.yaml is started with are those of the embedded one."""
    program, *options = COMPOSE["services"]["postgres"]["command"]
    assert ("postgres", {"-c"}) == (program, set(options[::2]))
    given = dict(option.split("=") for option in options[1::2])
    assert {"max_wal_size", "checkpoint_timeout"} == set(given)
    assert all(f"{name} = '{value}'\n" in SETTINGS for name, value in given.items())


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the pods of the manifests: kind and specification."""
    for one in MANIFESTS:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield one["kind"], spec["template"]["spec"]


def test_the_manifests_are_what_kubernetes_reads() -> None:
    """Each has a version, a kind and a name; what refers to another finds it."""
    kinds = [one["kind"] for one in MANIFESTS]
    assert ["ConfigMap", "Job", "Deployment", "Service", "PodDisruptionBudget", "PersistentVolumeClaim", "CronJob"] == kinds
    by_kind = dict(zip(kinds, MANIFESTS, strict=True))
    for one in MANIFESTS:
        assert one["apiVersion"]
        assert "tallylight" == one["metadata"]["namespace"]
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (by_kind["Deployment"]["spec"]["selector"]["matchLabels"], by_kind["Service"]["spec"]["selector"]):
        assert selector.items() <= labels.items()
    assert set(by_kind["ConfigMap"]["data"]) <= VARIABLES
    claims = {by_kind["PersistentVolumeClaim"]["metadata"]["name"]}
    for _, pod in pods():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
            assert {"tallylight"} == {next(iter(source.values()))["name"] for source in container["envFrom"]}
        assert {one["persistentVolumeClaim"]["claimName"] for one in volumes.values() if "persistentVolumeClaim" in one} <= claims


@pytest.mark.parametrize(("kind", "pod"), list(pods()))
def test_a_pod_has_no_privileges(kind: str, pod: dict[str, Any]) -> None:
    """Not root, a read-only root with a `/tmp`, no capability, no token of the cluster, and limits."""
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] > 0
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        assert {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        } == container["securityContext"]
        assert TMP in {mount["mountPath"] for mount in container["volumeMounts"]}
        assert "memory" in container["resources"]["limits"]
        command = " ".join([*container.get("command", ()), *container.get("args", ())])
        assert set(re.findall(r"-m app (\w+)|^(\w+)$", command)) <= {("backup", ""), ("", "migrate")}
        assert {"backup", "migrate"} <= set(_MODULES)
    assert kind != "Deployment" or pod["terminationGracePeriodSeconds"] > Settings.model_fields["drain_seconds"].default


def test_the_server_is_probed() -> None:
    """Started, alive, ready: the paths that the server has, on the port that it listens on."""
    (server,) = (container for kind, pod in pods() if kind == "Deployment" for container in pod["containers"])
    port = next(one.text for one in STAGES[-1].instructions if one.keyword == "EXPOSE")
    assert [{"name": "http", "containerPort": int(port)}] == server["ports"]
    probed = {probe: server[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"} == probed
