"""Exits with 0 where this container's `/health/ready` answers 200. Plain sockets: it runs often and must cost little."""

import os
import socket
import sys


def port() -> int:
    name = os.environ["DESKSTREAM_SERVICE"].removesuffix("-svc").upper()
    return int(os.environ.get(f"{name}_HTTP_PORT", "8080"))


def is_ready() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port()), timeout=2) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
