"""Shut a process in before a student's code runs in it: limits everywhere, and on Linux walls.

The walls are Landlock (which files may be read and written) and a seccomp filter (no new process, no signal to
another one, no network, no change of a file's owner or mode). Neither needs any privilege, and neither can be
taken down again. Where the system lacks one of them, ``wall_in`` says so and the report begins with it.

This file also runs beside the student's code, where the rest of ``attnlib.check`` is out of reach.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
import sysconfig
from pathlib import Path

FILE_BYTES, OPEN_FILES = 16 * 2**20, 128
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
RULESET, RULE, RESTRICT = 444, 445, 446  # the same numbers on every processor
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # Landlock's version: how many rights of files it knows
EXECUTE, READ_FILE, READ_FOLDER, WRITE_FILE, TRUNCATE, DEVICE = 1, 4, 8, 2, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_FOLDER
OF_FILES = EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE | DEVICE  # the others are rights of folders alone

# name: (number on x86_64, number on aarch64 or None where it has none)
FORBIDDEN = {
    "processes": "fork 57 -, vfork 58 -, execve 59 221, execveat 322 281, unshare 272 97, setns 308 268",
    "others": "kill 62 129, tkill 200 130, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, "
    "pidfd_send_signal 424 424, pidfd_getfd 438 438, ptrace 101 117, process_vm_readv 310 270, "
    "process_vm_writev 311 271, setpriority 141 140, ioprio_set 251 30, sched_setaffinity 203 122, "
    "sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274, migrate_pages 256 238",
    "network": "socket 41 198, io_uring_setup 425 425",
    "files": "chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -, fchown 93 55, lchown 94 -, "
    "fchownat 260 54, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88, setxattr 188 5, "
    "lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16",
    "system": "mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, reboot 169 142, swapoff 168 225, "
    "sethostname 170 161, settimeofday 164 170, clock_settime 227 112, init_module 175 105, "
    "finit_module 313 273, bpf 321 280, keyctl 250 219, add_key 248 217, acct 163 89, setrlimit 160 164, "
    "open_by_handle_at 304 265, move_mount 429 429, open_tree 428 428, mount_setattr 442 442, "
    "quotactl 179 60, syslog 103 116, perf_event_open 298 241, shmget 29 194, msgget 68 186, semget 64 190",
}
CLONE, CLONE3, PRLIMIT = {"x86_64": 56, "aarch64": 220}, 435, {"x86_64": 302, "aarch64": 261}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
A_THREAD, X32 = 0x10000, 0x40000000


def limit(memory):
    """Bound what this process may use; ``memory`` is in bytes and counts from what it holds now."""
    if sys.platform == "win32":
        return
    import resource

    in_use = 0
    if Path("/proc/self/statm").exists():
        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": FILE_BYTES, "RLIMIT_NOFILE": OPEN_FILES}
    if sys.platform == "linux":
        wanted["RLIMIT_AS"] = in_use + memory
    if os.getuid():
        wanted["RLIMIT_NPROC"] = 0
    for name, most in wanted.items():
        resource.setrlimit(getattr(resource, name), (most, most))


def wall_in(folder, without=()):
    """Leave this process one folder to write in, and the libraries to read, minus the files in ``without``.

    Returns "" or a clause that says what the system lacks.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURE:
        return f"{platform.system()} on {machine} has no walls that the grader knows"
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _do(libc.prctl, NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _landlock(libc, folder, without)
        _seccomp(libc, machine)
    except OSError as error:
        return f"the walls could not be put up ({error.strerror})"
    return ""


def _do(function, *arguments):
    result = function(*[ctypes.c_long(one) if isinstance(one, int) else one for one in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _landlock(libc, folder, without):
    version = _do(libc.syscall, RULESET, None, 0, 1)
    if version < 3:  # before 3, a file could still be cut to length 0
        raise OSError(errno.ENOSYS, "this Linux is older than 6.2")
    rights = (1 << RIGHTS.get(version, 16)) - 1
    handled = ctypes.create_string_buffer(struct.pack("<Q", rights))
    ruleset = _do(libc.syscall, RULESET, handled, 8, 0)
    _allow(libc, ruleset, folder, rights & ~EXECUTE & ~DEVICE)
    for path in ("/dev/null", "/dev/urandom", "/dev/zero"):
        _allow(libc, ruleset, path, READ_FILE | WRITE_FILE)
    for path, right in readable(without):
        _allow(libc, ruleset, path, right)
    _do(libc.syscall, RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(libc, ruleset, path, rights):
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there: nothing to allow
    try:
        rights &= ~0 if os.path.isdir(path) else OF_FILES
        _do(libc.syscall, RULE, ruleset, 1, ctypes.create_string_buffer(struct.pack("<Qi", rights, descriptor)), 0)
    finally:
        os.close(descriptor)


def readable(without=()):
    """Return (path, rights) for what a Python program needs: the system's libraries, Python's own, and the packages."""
    system = ["/usr/lib", "/usr/lib64", "/usr/share/fonts", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ld.so.cache"]
    system += ["/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/etc/localtime", "/etc/fonts"]
    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    places |= {os.path.join(sys.base_prefix, "lib"), str(Path(__file__).parents[1])}
    hidden = [os.path.realpath(path) for path in without]
    return [part for path in [*system, *sorted(places)] for part in _apart_from(hidden, os.path.realpath(path))]


def _apart_from(hidden, path):
    """Return the path, or the parts of it that hold nothing hidden."""
    if any(path == one or path.startswith(one + os.sep) for one in hidden):
        return []
    if not any(one.startswith(path + os.sep) for one in hidden):
        return [(path, READ)]
    parts = [part for name in sorted(os.listdir(path)) for part in _apart_from(hidden, os.path.join(path, name))]
    return [(path, READ_FOLDER), *parts]


def _seccomp(libc, machine):
    column = list(ARCHITECTURE).index(machine)
    rows = [row.split() for group in FORBIDDEN.values() for row in group.split(", ")]
    numbers = [int(row[1 + column]) for row in rows if row[1 + column] != "-"]
    code = _program(machine, numbers)
    lines = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in code))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(lines)))
    _do(libc.prctl, SECCOMP, FILTER, program, 0, 0)


def _program(machine, numbers):
    """Return the filter, line by line: (operation, lines to skip if so, lines to skip if not, number)."""
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
    code = [(load, 0, 0, 4), (equal, 1, 0, ARCHITECTURE[machine]), (answer, 0, 0, refuse), (load, 0, 0, 0)]
    if machine == "x86_64":
        code += [(at_least, 0, 1, X32), (answer, 0, 0, refuse)]
    for number in numbers:
        code += [(equal, 0, 1, number), (answer, 0, 0, refuse)]
    code += [(equal, 0, 1, CLONE3), (answer, 0, 0, unknown)]  # the C library then uses clone
    code += [(equal, 0, 4, CLONE[machine]), (load, 0, 0, 16), (any_bit, 1, 0, A_THREAD), (answer, 0, 0, refuse)]
    code += [(answer, 0, 0, allow)]
    code += [(equal, 0, 5, PRLIMIT[machine]), (load, 0, 0, 32), (equal, 0, 2, 0)]  # only to ask, not to set
    code += [(load, 0, 0, 36), (equal, 1, 0, 0), (answer, 0, 0, refuse)]
    return [*code, (answer, 0, 0, allow)]
