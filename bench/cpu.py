"""CPU time and memory of processes, from /proc: what is left of a measurement when others use the machine too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int | str) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def of(pid: int) -> float:
    """Seconds of CPU that the process has used."""
    found = _stat(pid)
    return (int(found[11]) + int(found[12])) / _TICKS


def of_tree(pid: int) -> float:
    """The same with its children, also those that have ended: a database server and its backends (one thread each)."""
    found = _stat(pid)
    ended = (int(found[13]) + int(found[14])) / _TICKS
    return _exact(pid) + ended + sum(of_tree(child) for child in _children(pid))


def _exact(pid: int) -> float:
    """Of one thread, to the nanosecond: ticks of ten milliseconds add up to much in a tree."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def ended(pid: int) -> bool:
    """Whether a child of this process has ended and nobody has asked yet how."""
    return _stat(pid)[0] == "Z"


def _children(pid: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(entry.name)[1]) == pid:
                    yield int(entry.name)
            except OSError:
                continue  # ended meanwhile


def largest_of_tree(pid: int) -> float:
    """The most, in MB, that any process of the tree that still runs has held since it began."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0  # ended meanwhile
    own = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
    return max([own, *(largest_of_tree(child) for child in _children(pid))])


def memory(pid: int) -> float:
    """Resident memory in MB, what is shared counted by share (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no Pss")
