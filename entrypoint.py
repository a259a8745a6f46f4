#!/opt/venv/bin/python -Iu
"""The entry point of the main step, in the container and for the runner.

The runner executes this file, which action.yml and the image name. -I: a PYTHONPATH that the workflow sets for its own
tests must not affect the action; -u: lines appear at once. Signals are blocked until their handlers are installed: a
job that is cancelled in its first moments still gets its summary.
"""

import os
import signal
import sys

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))

from vmss_upgrade.job.environment import drop_foreign_settings, is_command  # noqa: E402

if is_command(sys.argv[1:], os.environ):  # it drops them itself, after it has read some
    from vmss_upgrade.__main__ import main as run_command

    sys.exit(run_command())

drop_foreign_settings(os.environ)

from vmss_rehearsal import rehearse_copy  # noqa: E402
from vmss_upgrade.main import main  # noqa: E402

sys.exit(main(rehearse=rehearse_copy))  # the simulator is imported for `operation: rehearse` alone
