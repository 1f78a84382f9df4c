"""From the configuration of a fixed reader to the device that is simulated for it, speaking its maker's words."""

from hub_config.readers import (
    CognexConfig,
    DatalogicConfig,
    HoneywellConfig,
    KeyenceSrConfig,
    ReaderConfig,
    SickColaConfig,
    SickReadConfig,
    SsiConfig,
)
from simulators.devices.fixed_reader import READ_NS
from simulators.devices.keyence_sr import KeyenceReader
from simulators.devices.reader_device import ReaderDevice, ReaderWords
from simulators.devices.reader_words import CognexWords, DatalogicWords, HoneywellWords, SickWords
from simulators.devices.ssi_scanner import SsiDevice

SimulatedReader = ReaderDevice | SsiDevice


def new_reader(config: ReaderConfig, *, read_ns: int = READ_NS, collects: bool = False) -> SimulatedReader:
    """Set up as the configuration says."""
    if isinstance(config, KeyenceSrConfig):
        return KeyenceReader(
            aim=config.aim, separator=config.separator.encode(), read_ns=read_ns, collects=collects
        )
    if isinstance(config, SsiConfig):
        return SsiDevice(read_ns=read_ns, aim=config.aim)
    return ReaderDevice(_words(config), read_ns=read_ns, collects=collects)


def _words(config: ReaderConfig) -> ReaderWords:
    aim, separator = config.aim, config.separator.encode()
    match config:
        case HoneywellConfig():
            return HoneywellWords(aim=aim, separator=separator)
        case DatalogicConfig():
            header, terminator = config.header.encode(), config.terminator.encode()
            on, off = (text.encode().rstrip(b"\r") for text in (config.trigger_on, config.trigger_off))
            return DatalogicWords(aim, header, terminator, separator, on=on, off=off)
        case CognexConfig():
            return CognexWords(aim, separator=separator, footer=config.footer.encode())
        case SickColaConfig() | SickReadConfig():
            return SickWords(aim, separator)
        case _:
            raise AssertionError(f"{config.id}: no words for a {type(config).__name__}")
