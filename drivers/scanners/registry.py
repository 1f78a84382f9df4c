"""Of scanners: from config to session."""

from typing import assert_never

from drivers.scanners.keyence_sr import KeyenceSr
from drivers.scanners.line import LineScanner
from drivers.session import Session
from hub_config.scanners import KeyenceSrConfig, LineScannerConfig, Scanner


def new_scanner(config: Scanner) -> Session:
    match config:
        case LineScannerConfig():
            return LineScanner(config)
        case KeyenceSrConfig():
            return KeyenceSr(config)
        case _ as never:
            assert_never(never)
