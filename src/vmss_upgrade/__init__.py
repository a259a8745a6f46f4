"""vmss-upgrade: roll an OS image over an Azure Virtual Machine Scale Set, update domain by update domain."""

__version__ = "1.0.0"
