"""What the SDK's loggers say goes through the sanitiser too; unconfigured, they would write to stderr as it is."""

from __future__ import annotations

import logging

from vmss_upgrade.reporters.console import Console


class _ToConsole(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """One line per record."""
        self._console.line(f"{record.name}: {record.getMessage()}")


def listen_to_sdk(console: Console) -> None:
    """Send warnings of `azure`, `msal` and `urllib3` to the log, and nowhere else."""
    for name in ("azure", "msal", "urllib3"):
        logger = logging.getLogger(name)
        logger.handlers = [_ToConsole(console)]
        logger.propagate = False
    # it warns of every error that it raises as well, which is told once already
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
