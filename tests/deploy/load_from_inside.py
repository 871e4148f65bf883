"""Runs in a pod, as a forward from outside ends with the pod that it leads to: writes mails and asks the API until standard input
ends, never tries anything again, says each second how far it is (a line of JSON), and last what failed.
"""

import json
import os
import smtplib
import sys
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

FULL = os.environ["FULL"]
began = time.monotonic()
ended = threading.Event()
accepted: list[str] = []
failures: list[str] = []
asked = 0


def write(number: int) -> None:
    mail = EmailMessage()
    sender = f"load.{number}.{os.environ['RUN']}@load.example"
    mail["From"], mail["To"], mail["Subject"] = sender, os.environ["ADDRESS"], f"Load {number}"
    mail["Message-ID"] = f"<{number}.{os.environ['RUN']}@load.example>"
    mail.set_content("Hello, where do I find my invoice?")
    with smtplib.SMTP(f"{FULL}-smtp", 25, timeout=30) as smtp:
        smtp.send_message(mail)
    accepted.append(sender)


def ask(_: int) -> None:
    global asked
    now = int(time.time())
    claims = {"iss": "deskstream", "aud": "deskstream-api", "sub": "load", "name": "Load", "roles": ["agent"], "jti": "load"}
    token = jwt.encode({"alg": "HS256"}, claims | {"iat": now, "exp": now + 300}, OctKey.import_key(os.environ["TOKEN_SECRET"]))
    # A connection of its own for each, as many clients would have.
    httpx.get(f"http://{FULL}-gateway/api/v1/tickets", headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()
    asked += 1


def again_and_again(what: Callable[[int], None], pause: float) -> None:
    number = 0
    while not ended.wait(pause):
        number += 1
        try:
            what(number)
        except Exception as error:
            failures.append(f"{what.__name__} {number} at {time.monotonic() - began:.0f} s: {error!r}")


def tell() -> None:
    while not ended.wait(1):
        print(json.dumps({"accepted": len(accepted), "asked": asked, "failures": failures[:3]}), flush=True)


threads = [threading.Thread(target=again_and_again, args=args) for args in ((write, 0.2), (ask, 0.2))]
threads.append(threading.Thread(target=tell))
for thread in threads:
    thread.start()
sys.stdin.read()
ended.set()
for thread in threads:
    thread.join()
print(json.dumps({"accepted": accepted, "asked": asked, "failures": failures, "ended": True}), flush=True)
