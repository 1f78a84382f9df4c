"""The gateway: pure core, wire contract, rim of threads and disk, pages, and the command line."""

__version__ = "0.1.0"
