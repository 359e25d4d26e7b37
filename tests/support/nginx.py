# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private nginx on loopback that serves one directory; the machine's own nginx is not touched."""

import os
import pathlib
import signal
import tempfile

import processes

_CONFIG = """
daemon off;
{user}
worker_processes 1;
pid pid;
error_log error.log info;
events {{ worker_connections 256; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type application/octet-stream;
    types {{ text/html html; }}
    sendfile on;
    {http}
    server {{
        {listen}
        server_name _;
        root documents;
        {extra}
    }}
}}
"""


class Nginx:
    """Context manager; `port` is taken at construction, so that tests can start the server late.

    `extra` is more text for the server block, `http` for the one around it. The server's folder is a temporary one with a link to
    the documents, because a path may hold characters that nginx's configuration takes for its own.
    """

    def __init__(self, documents, address="127.0.0.1", port=None, extra="", http=""):
        self.address = address
        self.port = port or processes.free_port(address)
        self._documents = pathlib.Path(documents).resolve()
        self._extra, self._http = extra, http
        self._state = self._process = None

    def start(self):
        self._state = tempfile.TemporaryDirectory(prefix="bootferry-nginx-")
        folder = pathlib.Path(self._state.name)
        (folder / "documents").symlink_to(self._documents)
        host = f"[{self.address}]" if ":" in self.address else self.address
        (folder / "nginx.conf").write_text(_CONFIG.format(
            # As root, nginx would switch to a user that may not read the build directory.
            user="user root;" if os.geteuid() == 0 else "",
            extra=self._extra, http=self._http, listen=f"listen {host}:{self.port};"))
        self._process = processes.start(
            ["/usr/sbin/nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"], orphaned=signal.SIGTERM)
        try:
            processes.wait_for_port(self._process, self.port, self.address)
        except RuntimeError as error:
            log = folder / "error.log"
            raise RuntimeError(f"{error}: {log.read_text() if log.exists() else 'no log'}") from error
        return self

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._process = None
            self._state.cleanup()

    def access_log(self):
        return pathlib.Path(self._state.name, "access.log").read_text()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
