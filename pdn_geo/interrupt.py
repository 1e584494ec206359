"""A Ctrl-C that lets a run finish what it has in hand."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def first_interrupt_held(hold: bool = True) -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C only makes the yielded function say True.

    The second raises KeyboardInterrupt, as every one does elsewhere. Without `hold`, in a
    thread (only the main one hears signals) and where Ctrl-C is ignored anyway (under nohup)
    nothing changes, and the function says False.
    """
    former = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not (hold and in_main and callable(former)):
        yield lambda: False
        return
    pressed = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, former)

    signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, former)
