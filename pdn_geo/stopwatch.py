"""How long each stage of a run took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """`seconds` holds wall time by stage, in the order in which stages were first timed."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
