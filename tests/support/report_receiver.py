# SPDX-License-Identifier: LGPL-2.1-or-later
"""A receiver of bootferry-report's posts."""

import http.server
import json
import queue
import threading


class Receiver:
    """Context manager; `reports` receives each post that was answered with success. The first answers are `failures`."""

    def __init__(self, failures=()):
        self.reports = queue.Queue()
        self.types = set()
        failures = list(failures)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                report = self.rfile.read(int(self.headers["Content-Length"]))
                status = failures.pop(0) if failures else 204
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if status == 204:
                    receiver.types.add(self.headers["Content-Type"])
                    receiver.reports.put(json.loads(report))

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def all(self):
        """Those that have come and were not asked for yet."""
        return [self.reports.get_nowait() for _ in range(self.reports.qsize())]

    def until(self, wanted):
        """The first report for which wanted() is true, and those before it."""
        before = []
        while True:
            report = self.reports.get(timeout=120)
            if wanted(report):
                return report, before
            before.append(report)
