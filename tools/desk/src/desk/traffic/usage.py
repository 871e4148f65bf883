"""What the processes of a stack on this machine use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil

from desk.overview import look
from desk.traffic.bench import Usage


def measure(home: Path) -> Usage:
    """CPU and memory of the stack's processes now."""
    cpu: dict[str, float] = {}
    memory: dict[str, float] = {}
    for seen in look(home).processes:
        if seen.pid is None:
            continue
        leader = psutil.Process(seen.pid)
        family = [leader, *leader.children(recursive=True)]
        total = pss = 0.0
        for process in family:
            try:
                times = process.cpu_times()
                # What ended children used is in their parent's account; the living ones are counted themselves.
                total += times.user + times.system + (times.children_user + times.children_system if process is leader else 0)
                pss += process.memory_full_info().pss / 2**20
            except psutil.NoSuchProcess:
                continue
        cpu[seen.name] = total
        memory[seen.name] = round(pss, 1)
    return Usage(cpu, memory)


def machine() -> dict[str, Any]:
    """What there is to be used."""
    return {"cores": psutil.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}
