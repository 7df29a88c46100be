"""The system calls that an isolated program is refused, as a filter for the kernel.

The list follows container engines' defaults: what opens the kernel wide (bpf, io_uring,
userfaultfd, keys), what looks into other processes, what makes new namespaces or mounts.
"""

from __future__ import annotations

import errno
import platform
import struct

# (x86_64, aarch64) numbers from the kernel's tables; -1: that machine has no such call.
DENIED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, -1),
    "iopl": (172, -1),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "modify_ldt": (154, -1),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
CLONE = (56, 220)
CLONE3 = (435, 435)
AUDIT_ARCH = (0xC000003E, 0xC00000B7)
MACHINES = ("x86_64", "aarch64")

NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW... flag of clone(2)
X32 = 0x40000000

# offsets in struct seccomp_data; the lower half of the first argument on little-endian machines
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def supported(machine: str = "") -> bool:
    """Whether this kind of machine has a filter here."""
    return (machine or platform.machine()) in MACHINES


def program(machine: str = "") -> bytes:
    """The filter as the kernel's array of `struct sock_filter`, for bubblewrap's --seccomp."""
    column = MACHINES.index(machine or platform.machine())
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(column))


def _steps(column: int) -> list[tuple[int, int, int, int]]:
    refuse = (RETURN, 0, 0, ERRNO | errno.EPERM)
    absent = (RETURN, 0, 0, ERRNO | errno.ENOSYS)  # libc then falls back to clone(2)
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT_ARCH[column]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if column == 0:
        steps += [(AT_LEAST, 0, 1, X32), refuse]
    steps += [(EQUAL, 0, 1, CLONE3[column]), absent]
    for numbers in DENIED.values():
        if numbers[column] >= 0:
            steps += [(EQUAL, 0, 1, numbers[column]), refuse]
    return [
        *steps,
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        refuse,
        (RETURN, 0, 0, ALLOW),
    ]
