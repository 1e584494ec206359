"""How many of the processor's cores there are to work with."""

import os


def cores() -> int:
    """Those that this process may run on (taskset, a job's share), not all of the machine."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
