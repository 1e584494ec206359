"""When a run stops before its last step: time is up, or a signal asks."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType


class Stop:
    """Whether to stop after this step: `max_seconds` from now, or `asked` by a signal."""

    def __init__(self, max_seconds: float | None = None) -> None:
        self._until = None if max_seconds is None else monotonic() + max_seconds
        self.asked = False

    def __bool__(self) -> bool:
        return self.asked or (self._until is not None and monotonic() >= self._until)


@contextmanager
def stop_on_signals(max_seconds: float | None = None) -> Iterator[Stop]:
    """A `Stop` that SIGINT and SIGTERM raise. A second signal does what it always does."""
    stop = Stop(max_seconds)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.asked = True
        signal.signal(number, former[signal.Signals(number)])

    for number in former:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
