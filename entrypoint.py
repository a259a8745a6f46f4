"""Where the container and the runner begin."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from vmss_upgrade.main import main

sys.exit(main())
