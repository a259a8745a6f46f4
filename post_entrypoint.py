#!/opt/venv/bin/python -Iu
"""The entry point of the post step, in the container and for the runner.

The runner executes this file as it does entrypoint.py, and the first line is the same. Signals are blocked until their
handlers are installed.
"""

import os
import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))

from vmss_upgrade.job.environment import drop_foreign_settings  # noqa: E402

drop_foreign_settings(os.environ)

from vmss_upgrade.post import main  # noqa: E402

sys.exit(main())
