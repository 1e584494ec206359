"""Memory that large scenes need only for a while."""

import ctypes

_MMAP_THRESHOLD = -3  # glibc's malloc.h
_LARGE = 2 * 2**20


def give_back_large_arrays() -> None:
    """Have arrays of 2 MB and more go back to the system as soon as they are freed.

    glibc, left alone, learns from the first ones to keep such as large as 32 MB, and pieces of
    them, which on a scene of 40 000 px a side came to 300 MB. Elsewhere nothing happens.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
