"""The flags that name the two files of a captured set."""

import argparse
from pathlib import Path


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the two files."""
    parser.add_argument("--model", type=Path, metavar="FILE", help="what `az vmss show` printed")
    parser.add_argument(
        "--instances",
        type=Path,
        metavar="FILE",
        help="what `az vmss list-instances --expand instanceView` printed (Flexible: `az vm list --show-details`)",
    )
