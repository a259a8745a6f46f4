"""The SDK's loggers, sent through the sanitiser: unconfigured, they would write foreign text to stderr as it is."""

from __future__ import annotations

import logging

from vmss_upgrade.reporters.console import Console


class _ToConsole(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line per record."""
        self._console.line(f"{record.name}: {record.getMessage()}")


def listen_to_sdk(console: Console) -> None:
    """Send warnings of `azure`, `msal` and `urllib3` to the log, and nowhere else."""
    for name in ("azure", "msal", "urllib3"):
        logger = logging.getLogger(name)
        logger.handlers = [_ToConsole(console)]
        logger.propagate = False
    # it also warns of every error that it raises, which the action reports anyway
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
