"""Memory that large scenes need only for a while. Elsewhere than with glibc nothing happens."""

import ctypes
from collections.abc import Callable
from contextlib import suppress

_ARENA_MAX = -8  # glibc's malloc.h


def reuse_freed_arrays() -> None:
    """Have threads take what others have freed, before they ask the system for more.

    glibc, left alone, gives each thread a heap of its own, which keeps what it once held: 50 MB
    more on a scene of 10 000 px a side, and more time. For the whole process, and for good.
    """
    _glibc("mallopt", lambda mallopt: mallopt(_ARENA_MAX, 1))


def give_back_freed_arrays() -> None:
    """Return what is free in the heap to the system: pieces of it lie between what is not."""
    _glibc("malloc_trim", lambda malloc_trim: malloc_trim(0))


def _glibc(name: str, call: Callable[..., object]) -> None:
    with suppress(AttributeError, OSError, TypeError):  # no glibc
        call(getattr(ctypes.CDLL(None), name))
