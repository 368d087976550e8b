"""Its presence puts this folder on the import path, for the helpers that tests share."""

import gc
import os
import signal

from hypothesis import settings


def pytest_configure() -> None:
    """Answer Ctrl-C even where the tests run in the background: a shell lets such a process and its children ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # no test fails because the machine is busy with others
    settings.register_profile("any-machine", deadline=None)
    settings.load_profile("any-machine")


def pytest_collection_finish() -> None:
    """Spare the collector of cycles what is there before the first test: it is needed to the end, and takes long to walk."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: some tests wait for processes of their own, for a browser or for a clock."""
    return (os.cpu_count() or 1) + 1
