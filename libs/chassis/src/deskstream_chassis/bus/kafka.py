"""How Kafka is reached: its servers, TLS, and SASL. The names are Apache Kafka's (`security.protocol`, `sasl.mechanism`)."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from aiokafka.errors import KafkaError

_PATIENCE_SECONDS: Final = 120.0
SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """What a client has to know. `bootstrap_servers`: `host:port`, several with commas.

    `ca_file`: PEM of the authorities that brokers are believed by (None: the system's); `certificate_file` and `key_file`: PEM
    of the client's own certificate, where brokers ask for one. The files are read each time a client is made, so renewed ones
    are used with the next connection.
    """

    bootstrap_servers: str
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    def tls(self) -> ssl.SSLContext | None:
        """A context of TLS that checks the broker's name, or None without TLS. Raises OSError where a file cannot be read."""
        if not self.security_protocol.endswith("SSL"):
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def client(self) -> dict[str, object]:
        """The arguments that any client of aiokafka takes. Raises OSError where a file cannot be read."""
        arguments: dict[str, object] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.tls(),
        }
        if self.sasl:
            arguments["sasl_mechanism"] = self.sasl_mechanism
            arguments["sasl_plain_username"] = self.sasl_username
            arguments["sasl_plain_password"] = self.sasl_password
        return arguments


async def until_reached(start: Callable[[], Awaitable[object]]) -> None:
    """Starts a client of a broker that is often started together with us. Raises KafkaError, OSError where it is away for 2 min."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await start()
            return
        except (KafkaError, OSError):
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.2)
