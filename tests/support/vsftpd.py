# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private vsftpd on loopback that serves one folder; the machine's own vsftpd is not touched.

It will not start without root. `settings` are more lines for its configuration.
"""

import os
import pathlib
import shutil
import tempfile

import processes

_PROGRAM = shutil.which("vsftpd", path=os.environ["PATH"] + ":/usr/sbin")


class Vsftpd:
    """Context manager; `port` is taken at construction, so that tests can start the server late. With `one_data_port`
    all passive data connections come in at `data_port`, so that something may stand before it; there can be only
    one transfer at a time then."""

    def __init__(self, documents, address="127.0.0.1", settings=(), prefix=(), one_data_port=False):
        self.address = address
        self.port = processes.free_port(address)
        if one_data_port:
            self.data_port = processes.free_port(address)
            settings = (f"pasv_min_port={self.data_port}", f"pasv_max_port={self.data_port}", *settings)
        self._documents, self._settings, self._prefix = pathlib.Path(documents), settings, list(prefix)
        self._state = self._process = None

    @staticmethod
    def missing():
        """Why it cannot be started here, or None."""
        if _PROGRAM is None:
            return "vsftpd is not installed"
        return None if os.geteuid() == 0 else "vsftpd needs root"

    def start(self):
        self._state = tempfile.TemporaryDirectory(prefix="bootferry-vsftpd-")
        folder = pathlib.Path(self._state.name)
        (folder / "empty").mkdir()
        (folder / "vsftpd.conf").write_text("\n".join((
            "listen=YES", f"listen_address={self.address}", f"listen_port={self.port}", "background=NO",
            "anonymous_enable=YES", "no_anon_password=YES", "local_enable=NO", "seccomp_sandbox=NO", "run_as_launching_user=NO",
            f"anon_root={self._documents}", f"secure_chroot_dir={folder / 'empty'}", "xferlog_enable=YES",
            "log_ftp_protocol=YES", f"vsftpd_log_file={folder / 'log'}", *self._settings, "")))
        self._process = processes.start([*self._prefix, _PROGRAM, str(folder / "vsftpd.conf")])
        processes.wait_for_port(self._process, self.port, self.address)
        return self

    def stop(self):
        """Ends it with all its sessions: they die with it, as when the machine loses its power."""
        if self._process is not None:
            processes.stop_all(self._process)
            self._process = None
            self._state.cleanup()

    def log(self):
        """The log of the control connections, in both directions."""
        path = pathlib.Path(self._state.name, "log")
        return path.read_text() if path.exists() else ""  # it comes with the first client

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
