"""Tell the collector and the allocator what a long-lived process needs."""

import ctypes
import gc
import os
import sys

M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
LARGE_TEXT = 65_536  # bytes
ASKED_OTHERWISE = "MALLOC_MMAP_THRESHOLD_"  # by the environment


def settle() -> None:
    """Leave start-up's objects to no collection, and large texts to no heap.

    Of a job that does nothing, the collector's walks over what start-up made were a third of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    _map_large_texts()


def _map_large_texts() -> None:
    """Give the memory of each large text back when it is freed.

    At first glibc does so by itself, but not for sizes that were freed once. Then pages lie between what
    lives on, and their memory stays: with 110 deep jobs that went on by turns 995 KB a job, in place of 499.
    """
    if sys.platform != "linux" or ASKED_OTHERWISE in os.environ:
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # musl has none, and needs none
        libc.mallopt(M_MMAP_THRESHOLD, LARGE_TEXT)
