"""How Kafka is reached, from the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deskstream_chassis.run.settings import KafkaSettings


def test_without_more_than_servers_it_is_reached_in_plain_text() -> None:
    client = KafkaSettings(kafka_bootstrap_servers="a:9092,b:9092").kafka.client()
    assert client == {"bootstrap_servers": "a:9092,b:9092", "security_protocol": "PLAINTEXT", "ssl_context": None}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_takes_a_name_a_password_and_a_mechanism(monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", mechanism)
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "ticket")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "open sesame")
    settings = KafkaSettings()
    client = settings.kafka.client()
    assert client.pop("ssl_context").check_hostname
    assert client == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "ticket",
        "sasl_plain_password": "open sesame",
    }
    assert "sesame" not in repr(settings)
    assert "sesame" not in repr(settings.kafka)


def test_sasl_without_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(ValidationError, match="SASL_SSL needs kafka_sasl_username and kafka_sasl_password"):
        KafkaSettings()


def test_an_authority_whose_file_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAFKA_SSL_CA_FILE", str(tmp_path / "ca.crt"))
    with pytest.raises(ValidationError, match="kafka_ssl_ca_file"):
        KafkaSettings()
