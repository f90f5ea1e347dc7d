"""Run a command as another user, with the one privilege that it needs to reach its files.

In: `uid gid capability command…` as arguments of a script that root starts. Out: the command in this process's place. Never here:
imports of the application; the script starts for every command.

PostgreSQL refuses to run as root. Its data folder and its program often lie below a folder that only root may enter (`/root`). To
open such folders to everybody would expose what else is in them; instead the command keeps the capability to pass through.
"""

import ctypes
import os
import sys

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def become(uid: int, gid: int, capability: int) -> None:
    """Become a user; keep one capability, across `exec` too, if it is not 0.

    Raises:
        OSError: this process may not.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if capability:
        _checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capability:
        bit = 1 << capability
        sets = (_Sets * 2)(_Sets(bit, bit, bit))
        _checked(libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), sets))
        _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    _uid, _gid, _capability = (int(argument) for argument in sys.argv[1:4])
    try:
        become(_uid, _gid, _capability)
        os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 (the caller names the command)
    except OSError as error:
        sys.exit(f"cannot run as user {_uid}: {error.strerror}")
