"""Runs in a pod: writes mails and asks the API until SECONDS have passed, never tries anything again, and tells what failed (JSON).

Read from standard input by the test of upgrades, because a forward from outside ends with the pod that it leads to.
"""

import json
import os
import smtplib
import threading
import time
from email.message import EmailMessage

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

FULL, SECONDS = os.environ["FULL"], float(os.environ["SECONDS"])
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


def again_and_again(what, pause: float) -> None:  # type: ignore[no-untyped-def]
    number, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        number += 1
        try:
            what(number)
        except Exception as error:
            failures.append(f"{what.__name__} {number} at {time.monotonic() - end + SECONDS:.0f} s: {error!r}")
        time.sleep(pause)


threads = [threading.Thread(target=again_and_again, args=args) for args in ((write, 0.2), (ask, 0.2))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"accepted": accepted, "asked": asked, "failures": failures}))
