# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private nginx on loopback that serves one directory; the machine's own nginx is not touched."""

import os
import pathlib

import processes

_CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {state}/pid;
error_log {state}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {state}/access.log;
    client_body_temp_path {state}/body;
    proxy_temp_path {state}/proxy;
    fastcgi_temp_path {state}/fastcgi;
    uwsgi_temp_path {state}/uwsgi;
    scgi_temp_path {state}/scgi;
    default_type application/octet-stream;
    types {{ text/html html; }}
    sendfile on;
    server {{
        {listen}
        server_name _;
        root {documents};
        {extra}
    }}
}}
"""


class Nginx:
    """Context manager; `port` is taken at construction, so that tests can start the server late."""

    def __init__(self, documents, state, address="127.0.0.1", port=None, extra=""):
        self.address = address
        self.port = port or processes.free_port(address)
        self._documents = pathlib.Path(documents).resolve()
        self._state = pathlib.Path(state).resolve()
        self._extra = extra
        self._process = None

    def start(self):
        self._state.mkdir(parents=True, exist_ok=True)
        host = f"[{self.address}]" if ":" in self.address else self.address
        config = self._state / "nginx.conf"
        config.write_text(_CONFIG.format(
            # As root, nginx would change to a user who may not read the build directory.
            user="user root;" if os.geteuid() == 0 else "",
            state=self._state, documents=self._documents, extra=self._extra,
            listen=f"listen {host}:{self.port};"))
        self._process = processes.start(
            ["/usr/sbin/nginx", "-p", str(self._state), "-c", str(config), "-e", str(self._state / "error.log")])
        processes.wait_for_port(self._process, self.port, self.address)
        return self

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._process = None

    def access_log(self):
        return (self._state / "access.log").read_text()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
