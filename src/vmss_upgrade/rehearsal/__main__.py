"""`python -m vmss_upgrade.rehearsal`, which `make demo` calls."""

from vmss_upgrade.rehearsal.demo import main

if __name__ == "__main__":
    raise SystemExit(main())
