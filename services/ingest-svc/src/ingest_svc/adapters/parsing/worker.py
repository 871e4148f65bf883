"""The program of a parser process: jobs in on standard input, JSON out on standard output, one at a time, each within limits.

A job is `>cIfI` (kind, part, seconds of CPU, length) and the raw message: kind b"m" is answered with a ParsedMail, b"a" with an
attachment. An answer is `>I` (length) and the JSON; no JSON at all says that the time was not enough. The first answer is an
empty object, when the process is ready. It holds no secret and no connection; if it dies, nothing is lost.
"""

import base64
import gc
import os
import resource
import signal
import struct
import sys
import time
from typing import BinaryIO

import orjson

JOB = struct.Struct(">cIfI")
ANSWER = struct.Struct(">I")
_GC_EVERY = 200
_AGAIN_SECONDS = 0.01
_BEYOND_SECONDS = 0.5


class _TooSlow(BaseException):
    """The message's time is over. No `except` of a library is to catch it."""


def main() -> None:
    """Answers jobs until its input ends. Arguments: MB of address space, and our authserv-id."""
    memory_mb, authserv_id = int(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes our input
    signal.signal(signal.SIGPROF, _interrupt)
    _limit(memory_mb)
    # After the limits, as they bring C libraries; now, as no message is to pay for it.

    from ingest_svc.adapters.parsing import reader

    # Cycles are swept between messages, not in the middle of one.
    gc.disable()
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    done = 0
    _answer(outgoing, b"{}")
    while job := _read(incoming, JOB.size):
        kind, part, seconds, length = JOB.unpack(job)
        raw = _read(incoming, length)
        _allow(seconds)
        try:
            answer = b""
            # An interruption that a callback from C swallows comes again.
            signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_SECONDS)
            # Code that cannot be interrupted is ended with the process: by the CPU time that it used, however long that took.
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds + _BEYOND_SECONDS)
            try:
                if kind == b"m":
                    answer = reader.read_mail(raw, authserv_id).model_dump_json().encode()
                else:
                    answer = _attachment(reader.attachment(raw, part))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except _TooSlow:
            answer = b""
        except MemoryError:
            os._exit(1)
        except Exception as error:  # a bug of ours; the parent quarantines the message under this name
            answer = orjson.dumps({"failure": type(error).__name__})
        _answer(outgoing, answer)
        done += 1
        if done % _GC_EVERY == 0 or length > 1_000_000:
            gc.collect()


def _interrupt(_signal: int, _frame: object) -> None:
    raise _TooSlow


def _answer(outgoing: BinaryIO, answer: bytes) -> None:
    outgoing.write(ANSWER.pack(len(answer)) + answer)
    outgoing.flush()


def _limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(seconds: float) -> None:
    # For what spends its time in the kernel. Counted in whole seconds of the process's life, so it moves on with each message.
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 2, resource.RLIM_INFINITY))


def _read(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        os._exit(0)  # the parent is gone or wants no more
    return data


def _attachment(found: "tuple[str, str, bytes] | None") -> bytes:
    if found is None:
        return b"null"
    name, media_type, content = found
    return orjson.dumps({"name": name, "media_type": media_type, "content": base64.b64encode(content).decode()})


if __name__ == "__main__":
    main()
