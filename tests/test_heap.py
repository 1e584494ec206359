"""Hints to the C library's heap: given where it is glibc, and no error anywhere else."""

import ctypes
from types import SimpleNamespace

import pytest

from pdn_geo.heap import give_back_freed_arrays, reuse_freed_arrays


def test_glibc_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    library = SimpleNamespace(
        mallopt=lambda *words: asked.append(words), malloc_trim=lambda pad: asked.append(pad)
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    reuse_freed_arrays()
    give_back_freed_arrays()
    assert asked == [(-8, 1), 0]


@pytest.mark.parametrize("error", [OSError, TypeError, AttributeError])
def test_elsewhere_nothing_happens(error: type, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    reuse_freed_arrays()
    give_back_freed_arrays()
