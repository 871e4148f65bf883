"""The program of a limited process: bytes in on standard input, bytes out on standard output, one job at a time, within limits.

A job is `>I` (length) and its bytes; an answer is `>cI` (fate, length) and its bytes. Fates: `a` what the function gave, `r` the
refusal that it raised, as JSON, `f` the name of any other exception. `!` says once that it is ready. The process holds no secret
and no connection; if it dies, nothing is lost.
"""

import importlib
import json
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from deskstream_chassis.refusals import Refusal

JOB = struct.Struct(">I")
ANSWER = struct.Struct(">cI")
READY = b"!"


def main() -> None:
    """Answers jobs until its input ends. Arguments: `module:function` (bytes → bytes), seconds of CPU a job, MB of memory."""
    path, seconds, memory_mb = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes our input
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = path.partition(":")
    function: Callable[[bytes], bytes] = getattr(importlib.import_module(module), name)
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    outgoing.write(READY)
    outgoing.flush()
    while header := _read(incoming, JOB.size):
        job = _read(incoming, JOB.unpack(header)[0])
        # Counted in whole seconds of the process's life, so the limit moves on with each job.
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, resource.RLIM_INFINITY))
        fate, answer = _answer(function, job)
        outgoing.write(ANSWER.pack(fate, len(answer)) + answer)
        outgoing.flush()


def _answer(function: Callable[[bytes], bytes], job: bytes) -> tuple[bytes, bytes]:
    try:
        return b"a", function(job)
    except Refusal as refusal:
        return b"r", json.dumps({"status": refusal.status, "detail": refusal.detail, "pointer": refusal.pointer}).encode()
    except MemoryError:
        os._exit(1)
    except Exception as error:  # a bug of ours, which is the parent's to tell of
        return b"f", type(error).__name__.encode()


def _read(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        os._exit(0)  # the parent is gone or wants no more
    return data


if __name__ == "__main__":
    main()
