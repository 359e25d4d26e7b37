# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system bus of a test's own: dbus-daemon or dbus-broker, with bootferry's policy.

Their configuration is one; dbus-broker gets its socket as systemd hands it out, and a place of its own to log
to, since it starts with neither otherwise.
"""

import os
import pathlib
import subprocess
import sys

import processes

KINDS = ("dbus-daemon", "dbus-broker")


class MessageBus:
    """Context manager. `folder` holds socket and configuration."""

    def __init__(self, folder, kind="dbus-daemon"):
        self._folder = pathlib.Path(folder)
        self._kind = kind
        self.socket = self._folder / "bus"
        self.address = f"unix:path={self.socket}"
        self.process = None

    def _configuration(self):
        policy = pathlib.Path(os.environ["BOOTFERRY_DBUS_POLICY"]).read_text()
        rules = policy[policy.index("<busconfig>") + len("<busconfig>"):policy.index("</busconfig>")]
        if os.geteuid() != 0:
            rules = '<policy context="default"><allow own="*"/><allow send_destination="*"/></policy>'
        path = self._folder / "bus.conf"
        path.write_text(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
            "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>system</type><listen>{self.address}</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow user="*"/><allow send_destination="org.freedesktop.DBus"/>
            <allow send_type="signal"/><allow receive_type="signal"/><allow send_requested_reply="true"/>
            <allow receive_type="method_call"/><allow receive_requested_reply="true"/></policy>
            {rules}</busconfig>""")
        return path

    def start(self):
        self.socket.unlink(missing_ok=True)
        config = self._configuration()
        if self._kind == "dbus-daemon":
            command = ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}"]
        else:
            command = ["unshare", "--mount", sys.executable, __file__, str(self.socket), str(config)]
        self.process = processes.start(command, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address})
        processes.wait_for(self.process, self._answers)
        return self

    def _answers(self):
        return self.socket.exists() and subprocess.run(
            ["busctl", f"--address={self.address}", "--no-pager", "list"], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=60).returncode == 0

    def stop(self):
        if self.process is not None:
            processes.stop(self.process)
            self.process = None
            self.socket.unlink(missing_ok=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _become_dbus_broker(path, config):
    """Runs in a mount namespace of its own: what is mounted here goes with it."""
    import socket  # pylint: disable=import-outside-toplevel
    os.makedirs("/run/systemd", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/systemd"], check=True)
    os.mkdir("/run/systemd/journal")
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind("/run/systemd/journal/socket")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    listening.setblocking(False)
    os.chmod(path, 0o666)
    os.dup2(journal.fileno(), 10)
    os.dup2(listening.fileno(), 3)  # sd_listen_fds(3)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execvp("dbus-broker-launch", ["dbus-broker-launch", "--scope", "system", f"--config-file={config}"])


if __name__ == "__main__":
    _become_dbus_broker(*sys.argv[1:])
