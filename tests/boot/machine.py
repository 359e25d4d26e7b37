# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virtual machine under QEMU, seen through its serial console as an administrator sees it.

Tests never sleep: they wait for a line on the console, with a bound that is generous because QEMU
may run without KVM on a busy machine. What the console said is kept in a file, whole.

The machine boots as a real one does, over PXE: QEMU's own DHCP and TFTP hand out pxelinux, kernel
and initrd. Where the way to the kernel is not what is tested, `pxe=False` loads it directly. Without a
kernel it boots from its disk.
"""

import codecs
import json
import os
import pathlib
import re
import socket
import threading
import time

import processes

# What the guest sees of the host's loopback in QEMU's user network.
HOST = "10.0.2.2"
HOST_V6 = "fec0::2"

_ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|[=>78DMc])|\r|\x00")
_PXELINUX = ("/usr/lib/PXELINUX/pxelinux.0", "/usr/lib/syslinux/modules/bios/ldlinux.c32")


class ConsoleError(AssertionError):
    """The console did not say what a test waited for; the message holds the end of what it said."""


class Machine:
    """Context manager. `log` is where the console is kept; `work` a scratch folder of this machine."""

    def __init__(self, kernel, initrd, cmdline, work, *, memory=768, pxe=True, network="",
                 nic="virtio-net-pci", extra=(), resolver=None, echo=None):
        self._kernel, self._initrd = kernel and pathlib.Path(kernel), initrd and pathlib.Path(initrd)
        self._cmdline = f"console=ttyS0 {cmdline}"
        self._work = pathlib.Path(work)
        self._memory, self._pxe, self._network, self._nic = memory, pxe, network, nic
        self._extra, self._resolver, self._echo = list(extra), resolver, echo
        self.log = self._work / "console.log"
        self._changed = threading.Condition()  # guards the four below
        self._pending, self._text, self._seen, self._ended = "", "", 0, False
        self._process = self._reader = self._monitor = None
        self._greeted = False

    def _command(self, monitor):
        network = f"user,id=net0{self._network}"
        # KVM is for who asks for it: in a machine that is itself virtual, the firmware may not run on it.
        accelerator = "kvm" if os.environ.get("BOOTFERRY_TEST_KVM") == "1" else "tcg,thread=multi"
        command = ["qemu-system-x86_64", "-accel", accelerator,
                   "-smp", "2", "-m", str(self._memory), "-display", "none", "-no-reboot",
                   "-nodefaults", "-serial", "stdio", "-device", "virtio-rng-pci",
                   "-chardev", f"socket,id=qmp,fd={monitor}", "-mon", "chardev=qmp,mode=control"]
        if self._kernel is None:
            command += ["-boot", "c"]
        elif self._pxe:
            tftp = self._work / "tftp"
            (tftp / "pxelinux.cfg").mkdir(parents=True, exist_ok=True)
            for source in (*_PXELINUX, self._kernel, self._initrd):
                link = tftp / {str(self._kernel): "linux", str(self._initrd): "initrd"}.get(
                    str(source), pathlib.Path(source).name)
                link.unlink(missing_ok=True)
                link.symlink_to(pathlib.Path(source).resolve())
            (tftp / "pxelinux.cfg" / "default").write_text(
                "DEFAULT live\nSERIAL 0 115200\nLABEL live\n  KERNEL linux\n"
                f"  APPEND initrd=initrd {self._cmdline}\n")
            network += f",tftp={str(tftp).replace(',', ',,')},bootfile=pxelinux.0"
            command += ["-boot", "n"]
        else:
            command += ["-kernel", str(self._kernel), "-initrd", str(self._initrd), "-append", self._cmdline]
        command += ["-netdev", network, "-device", f"{self._nic},netdev=net0", *self._extra]
        if self._resolver:
            # QEMU's DNS proxy asks the resolver of /etc/resolv.conf, always on port 53. A mount
            # namespace of its own gives this QEMU another file, and the machine none of it.
            conf = self._work / "resolv.conf"
            conf.write_text(f"nameserver {self._resolver}\n")
            command = ["unshare", "--mount", "--", "sh", "-c",
                       'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"', str(conf), *command]
        return command

    def start(self):
        self._work.mkdir(parents=True, exist_ok=True)
        ours, qemus = socket.socketpair()
        with qemus:
            self._process = processes.start(
                self._command(qemus.fileno()), pass_fds=[qemus.fileno()], stdin=processes.subprocess.PIPE,
                stdout=processes.subprocess.PIPE, stderr=processes.subprocess.STDOUT)
        self._monitor = ours.makefile("rw")
        ours.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._reader.join()
            self._monitor.close()
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        descriptor = self._process.stdout.fileno()
        with open(self.log, "wb") as log:
            while True:
                try:
                    piece = os.read(descriptor, 65536)
                except (OSError, ValueError):
                    piece = b""
                if piece:
                    log.write(piece)
                    log.flush()
                    if self._echo:
                        self._echo(piece)
                with self._changed:
                    self._pending += decoder.decode(piece)
                    # An escape sequence may be cut by the end of a piece: it then waits for the next.
                    cut = self._pending.find("\x1b", max(0, len(self._pending) - 16)) if piece else -1
                    whole = self._pending if cut < 0 else self._pending[:cut]
                    self._pending = self._pending[len(whole):]
                    self._text += _ESCAPES.sub("", whole)
                    self._ended = not piece
                    self._changed.notify_all()
                if not piece:
                    return

    @property
    def text(self):
        """All the console said so far, without escape sequences."""
        with self._changed:
            return self._text

    def expect(self, pattern, timeout=300):
        """Waits for `pattern` behind what the last expect() matched; returns the match."""
        compiled = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                match = compiled.search(self._text, self._seen)
                if match:
                    self._seen = match.end()
                    return match
                if self._ended or not self._changed.wait(max(0, deadline - time.monotonic())):
                    why = "the machine ended" if self._ended else f"waited {timeout} s"
                    tail = "\n".join(self._text.splitlines()[-40:])
                    raise ConsoleError(f"the console did not show {pattern!r} ({why}); see {self.log}. "
                                       f"It ended so:\n{tail}")

    def wait(self, timeout=120):
        """Waits until the machine has switched itself off (or rebooted, which is the same here)."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended, timeout):
                raise ConsoleError(f"the machine still runs after {timeout} s; see {self.log}")

    def send(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def qmp(self, command, **arguments):
        """One command to QEMU's monitor: set_link unplugs the cable, screendump takes a picture."""
        if not self._greeted:
            json.loads(self._monitor.readline())
            self._greeted = True
            self._ask({"execute": "qmp_capabilities"})
        return self._ask({"execute": command, "arguments": arguments})

    def _ask(self, request):
        self._monitor.write(json.dumps(request) + "\n")
        self._monitor.flush()
        while True:
            answer = json.loads(self._monitor.readline())
            if "error" in answer:
                raise RuntimeError(f"QEMU refuses {request['execute']}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
