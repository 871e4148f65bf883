"""Runs in a pod, as Kafka is not to be reached from outside: the mail benchmark. Its result is the last line (JSON)."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from desk.client import Desk
from desk.traffic.bench import run_mail_bench

full, count, connections = os.environ["FULL"], int(os.environ["COUNT"]), int(os.environ["CONNECTIONS"])
doors = {
    "gateway": f"{full}-gateway:80",
    "smtp": f"{full}-smtp:25",
    "mailbox_http": f"{full}-mailbox:80",
    "kafka": f"{full}-kafka:9092",
}
desk = Desk(Path("/"), 0, {"token": os.environ["TOKEN_SECRET"]}, doors)
result = run_mail_bench(desk, count, 0, connections, lambda phase, done: None)
print(json.dumps(asdict(result) | {"mails_per_second": result.mails_per_second, "flawless": result.flawless}))
