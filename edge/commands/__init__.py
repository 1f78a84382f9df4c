"""One module per command of `hub`; each has `main(argv) -> exit code`."""

from typing import Final

EXIT_OK: Final = 0
EXIT_FAULTS: Final = 1
EXIT_WRONG_USE: Final = 2
EXIT_BAD_CONFIG: Final = 78
