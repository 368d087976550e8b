"""Its presence puts this folder on the import path, for the helpers that tests share."""

import signal


def pytest_configure() -> None:
    """Answer Ctrl-C even where the tests run in the background: a shell lets such a process and its children ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
