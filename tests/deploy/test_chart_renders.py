"""The chart without a cluster: what Helm makes of each values file."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from desk import topology
from deskstream_contracts.topics import TOPICS
from tests.deploy.programs import CHART, ROOT, program, run

Object = dict[str, Any]
VALUES = ("trial", "operators")
OPERATORS = (
    "keda.sh",
    "kafka.strimzi.io",
    "postgresql.cnpg.io",
    "monitoring.coreos.com",
    "gateway.networking.k8s.io",
)
"""API groups that Kubernetes itself does not bring; their schemas are held against on a cluster that has them."""


def render(*words: str, values: str = "trial") -> list[Object]:
    text = run("helm", "template", "desk", CHART, "--values", f"{CHART}/values-{values}.yaml", *words)
    return [found for found in yaml.safe_load_all(text) if found]


def of(kind: str, objects: list[Object]) -> dict[str, Object]:
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def pods(objects: list[Object]) -> Iterator[tuple[str, Object]]:
    for found in objects:
        if found["kind"] == "Pod":
            yield found["metadata"]["name"], found["spec"]
        elif "template" in found.get("spec", {}):
            yield found["metadata"]["name"], found["spec"]["template"]["spec"]


def refusal(*words: str, values: str = "trial") -> str:
    command = [program("helm"), "template", "desk", CHART, "--values", f"{CHART}/values-{values}.yaml", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode, "it was rendered"
    return done.stderr


@pytest.mark.parametrize("values", VALUES)
def test_helm_finds_nothing_wrong(values: str) -> None:
    run("helm", "lint", "--strict", CHART, "--values", f"{CHART}/values-{values}.yaml")


@pytest.mark.parametrize("kubernetes", ["1.30", "1.34"])
@pytest.mark.parametrize(
    ("values", "words"),
    [
        *((values, ()) for values in VALUES),
        ("trial", ("--set", "ingress.enabled=true,ingress.host=desk.example,ingress.tlsSecret=tls")),
        ("trial", ("--set", "migrations.mode=hook,defaults.worker.kind=Deployment", "--is-upgrade")),
    ],
)
def test_every_object_has_the_schema_of_kubernetes(values: str, words: tuple[str, ...], kubernetes: str) -> None:
    for found in render(*words, values=values):
        if found["apiVersion"].partition("/")[0] not in OPERATORS:
            kubernetes_validate.validate(found, kubernetes, strict=True)


@pytest.mark.parametrize("values", VALUES)
def test_every_pod_of_ours_is_restricted(values: str) -> None:
    seen = 0
    for name, spec in pods(render("--set", "migrations.mode=hook", "--is-upgrade", values=values)):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in spec["containers"] + spec.get("initContainers", []):
            seen += 1
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["readOnlyRootFilesystem"] is (not container["image"].startswith("apache/kafka"))
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]["memory"]
            assert not container["image"].endswith(":latest")
    assert seen > 20


def test_each_service_has_its_two_roles_with_probes_and_a_budget() -> None:
    objects = render()
    for service in ("ingest", "customer", "ticket", "routing", "sla", "notify", "gateway"):
        for role, kind in (("api", "Deployment"), ("worker", "StatefulSet")):
            name = f"desk-deskstream-{service}-{role}"
            (container,) = of(kind, objects)[name]["spec"]["template"]["spec"]["containers"]
            assert container["args"] == [role]
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
            assert name in of("PodDisruptionBudget", objects)
        assert f"desk-deskstream-{service}" in of("NetworkPolicy", objects)
        assert of("ServiceAccount", objects)[f"desk-deskstream-{service}"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("service", topology.SERVICES, ids=lambda service: service.name)
def test_each_service_is_configured_as_the_local_stack_does(service: topology.Service) -> None:
    (worker,) = of("StatefulSet", render())[f"desk-deskstream-{service.name}-worker"]["spec"]["template"]["spec"]["containers"]
    local = {service.prefix + key for key in topology.COMMON} | set(topology.SPECIFIC.get(service.name, {}))
    assert local <= {entry["name"] for entry in worker["env"]}


def test_a_service_is_given_its_own_secrets_only() -> None:
    for name, spec in pods(render()):
        for container in spec["containers"] + spec.get("initContainers", []):
            sources = [entry.get("valueFrom", {}).get("secretKeyRef", {}) for entry in container.get("env", [])]
            keys = {source["key"] for source in sources if source}
            assert ("internal-private-key" in keys) == (("-gateway-" in name) and container["name"] in ("gateway", "migrate"))
            if "postgres" not in name:
                assert len({key for key in keys if key.startswith("database-")}) <= 1


def test_the_keys_that_helm_makes_are_a_pair() -> None:
    (secret,) = of("Secret", render()).values()
    private = json.loads(base64.b64decode(secret["data"]["internal-private-key"]))
    public = json.loads(base64.b64decode(secret["data"]["internal-public-key"]))
    derived = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(private["d"] + "=")).public_key().public_bytes_raw()
    assert public == {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(derived).rstrip(b"=").decode()}
    assert private == {**public, "d": private["d"]}
    assert OKPKey.import_key(private).is_private


def test_a_secret_of_ones_own_is_taken_and_none_is_made() -> None:
    objects = render("--set", "secrets.existing=mine")
    assert not of("Secret", objects)
    assert "desk-deskstream-keys" not in json.dumps(objects)


def test_operators_are_given_what_they_work_on() -> None:
    objects = render(values="operators")
    kinds = {found["kind"] for found in objects}
    wanted = {
        "ScaledObject",
        "TriggerAuthentication",
        "HorizontalPodAutoscaler",
        "KafkaTopic",
        "KafkaUser",
        "Cluster",
        "Database",
        "HTTPRoute",
    }
    assert wanted | {"ServiceMonitor", "PrometheusRule"} <= kinds
    scaled = [found for found in objects if found["kind"] in ("Deployment", "StatefulSet")]
    assert all("replicas" not in found["spec"] for found in scaled), "a fixed number would undo at each upgrade what was scaled"
    groups = {found["spec"]["triggers"][0]["metadata"]["consumerGroup"] for found in of("ScaledObject", objects).values()}
    assert "ticket-svc" in groups
    assert "gateway" in groups


@pytest.mark.parametrize("mode", ["init", "hook"])
def test_every_container_that_is_told_of_an_authority_has_its_file(mode: str) -> None:
    told = 0
    for name, spec in pods(render("--set", f"migrations.mode={mode},kafka.topics=init", "--is-upgrade", values="operators")):
        for container in spec["containers"] + spec.get("initContainers", []):
            paths = [entry["value"] for entry in container.get("env", []) if entry["name"].endswith("KAFKA_SSL_CA_FILE")]
            mounted = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
            for path in paths:
                told += 1
                folder, _, file = path.rpartition("/")
                (volume,) = [volume for volume in spec["volumes"] if volume["name"] == mounted[folder]]
                assert volume["secret"] == {"secretName": "events-cluster-ca-cert", "items": [{"key": "ca.crt", "path": file}]}, (
                    name
                )
    assert told > 20


def test_a_kafka_without_security_is_told_nothing_of_it() -> None:
    for values in ("trial", "operators"):
        text = json.dumps(render("--set", "kafka.security.protocol=PLAINTEXT", values=values))
        assert not [word for word in ("SASL", "kafka-ca", "KAFKA_SSL", "TriggerAuthentication") if word in text]


def test_one_user_of_kafka_for_all_services_is_read_from_one_secret() -> None:
    (container,) = of("StatefulSet", render("--set", "kafka.security.credentials=kafka", values="operators"))[
        "desk-deskstream-sla-worker"
    ]["spec"]["template"]["spec"]["containers"]
    sources = {entry["name"]: entry.get("valueFrom", {}).get("secretKeyRef") for entry in container["env"]}
    assert sources["SLA_KAFKA_SASL_USERNAME"] == {"name": "kafka", "key": "username"}
    assert sources["SLA_KAFKA_SASL_PASSWORD"] == {"name": "kafka", "key": "password"}


def test_the_topics_of_the_chart_are_those_of_the_catalogue() -> None:
    charted = json.loads((ROOT / CHART / "files" / "topics.json").read_text())["topics"]
    assert charted == [{"name": t.name, "owner": t.owner, "partitions": t.partitions, "config": t.config()} for t in TOPICS]


def test_a_subscriber_reads_what_it_is_given_and_writes_nothing() -> None:
    users = of("KafkaUser", render(values="operators"))
    for name, topics in (("billing", ["deskstream.tickets.v1", "deskstream.slas.v1"]), ("warehouse", [t.name for t in TOPICS])):
        rules = users[f"desk-deskstream-subscriber-{name}"]["spec"]["authorization"]["acls"]
        assert rules == [
            *(
                {"resource": {"type": "topic", "name": t, "patternType": "literal"}, "operations": ["Read", "Describe"]}
                for t in topics
            ),
            {"resource": {"type": "group", "name": name, "patternType": "prefix"}, "operations": ["Read", "Describe"]},
        ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ("--set", "kafka.strimzi.cluster=c,kafka.strimzi.subscribers[0].name=x,kafka.strimzi.subscribers[0].topics={other.v1}"),
            "no topic other.v1",
        ),
        (("--set", "kafka.strimzi.subscribers[0].name=x"), "kafka.strimzi.cluster is needed"),
        (("--set", "image.tag=latest"), "/image/tag"),
        (("--set", "postgresql.mode=magic"), "/postgresql/mode"),
        (("--set", "kafka.mode=external"), "kafka.bootstrapServers is needed"),
        (("--set", "postgresql.mode=external"), "postgresql.host is needed"),
        (("--set", "mailbox.enabled=false"), "outgoingMail.host is needed"),
        (("--set", "migrations.mode=hook"), "migrations.mode hook runs before"),
        (("--set", "services.tickets.image=x"), "tickets"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(words: tuple[str, ...], why: str) -> None:
    assert why in refusal(*words)


def test_the_alerts_are_well_formed() -> None:
    run("promtool", "check", "rules", *(str(path) for path in (ROOT / CHART / "files" / "rules").glob("*.yaml")))
