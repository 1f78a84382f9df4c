"""Why a port can't be opened, or was lost, in one line that says what to do.

Errors come as numbers of the system; whoever holds a port that is in use is looked up among the processes.
"""

import errno
import grp
import os
import pwd
from typing import Final

from drivers.transports.holder import holder_of

READ_MAX_BYTES: Final = 4_096
"""Taken from one port in one turn, so that a flooding device does not starve the others."""


class PortLostError(Exception):
    """The port went away or can't be opened. The text says why, and names the port."""


class DeviceSwappedError(PortLostError):
    """Another device than was expected is plugged in there."""


def read_some(fd: int, name: str) -> bytes:
    """What has arrived, at most READ_MAX_BYTES; empty if nothing has. Raises PortLostError."""
    try:
        data = os.read(fd, READ_MAX_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise PortLostError(f"{name} was lost ({os.strerror(error.errno or errno.EIO)})") from error
    if not data:
        raise PortLostError(f"{name} was lost (hung up)")
    return data


def write_some(fd: int, name: str, data: bytes) -> int:
    """How many bytes the port took; 0 while it takes none. Raises PortLostError."""
    try:
        return os.write(fd, data)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise PortLostError(f"{name} was lost ({os.strerror(error.errno or errno.EIO)})") from error


def why_not_opened(name: str, node: str, number: int, noun: str) -> str:
    """`name`: as in the config; `node`: the device file; `noun`: what it should be, for example `serial port`."""
    port = name if name == node else f"{name} ({node})"
    match number:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV | errno.ENOTDIR:
            return f"{port} does not exist; check plug and power"
        case errno.EACCES | errno.EPERM:
            return f"{port} may not be opened by this user; {_way_in(node)}"
        case errno.EBUSY | errno.EAGAIN:
            return f"{port} is in use by {_user_of(node)}"
        case errno.ENOTTY | errno.EISDIR | errno.EINVAL:
            return f"{port} is no {noun}; correct attach.port"
        case errno.EIO:
            return f"{port} has nothing at its other end; check plug and power"
        case _:
            return f"{port} can't be opened ({os.strerror(number)})"


def _way_in(node: str) -> str:
    try:
        group = grp.getgrgid(os.stat(node).st_gid).gr_name
        user = pwd.getpwuid(os.geteuid()).pw_name
    except (OSError, KeyError):
        return "add it to the group dialout or hub-devices"
    if group == "root":
        return "it belongs to root alone; install the udev rule that hub devices name prints"
    return f"sudo usermod -aG {group} {user}, then start the hub again"


def _user_of(node: str) -> str:
    holder = holder_of(node)
    if holder is None:
        return "another program; end that program"
    return f"{holder.name} (process {holder.pid}); {holder.todo}"
