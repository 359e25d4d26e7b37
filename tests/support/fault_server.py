# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTTP server that serves one file badly, in the ways real servers and networks do.

It honours Range and If-Range with an ETag as a good server does, and misbehaves on request: each
request takes the next fault from a list, and is served correctly when the list is empty. `requests`
records the requests, so that a test can distinguish a resumed transfer from a restarted one; `looks` those for the version
alone, which come after an answer that took long, on a busy machine after any.
"""

import http.server
import os
import re
import threading
import time


class Fault:
    """How to treat one request. `cut`: close the connection after so many body bytes; `error`: send this text before,
    in their place. `status`: answer
    with this status and no body. `headers`: further ones, pairs of texts. `ignore_range`: 200 and the whole file, whatever was asked for.
    `length`: a Content-Length that is not true. `shift`: a part that begins so many bytes behind where it
    was asked for, and says so. `total`: say of a part that it is one of so many bytes. `unnamed`: do not say which part
    it is. `unmeasured`: send no length. `chunked`: send chunks. `silent`: no answer. `crawl`: after so many body bytes,
    send the rest at 10 KiB a second. `stop`: after so many body bytes, send nothing until the client goes away."""

    def __init__(self, cut=None, status=None, headers=(), ignore_range=False, length=None, shift=0, total=None,
                 unnamed=False, unmeasured=False, chunked=False, silent=False, crawl=None, stop=None, error=b""):
        self.cut, self.status, self.headers, self.ignore_range = cut, status, tuple(headers), ignore_range
        self.length, self.shift, self.total, self.unnamed = length, shift, total, unnamed
        self.unmeasured, self.chunked, self.silent = unmeasured, chunked, silent
        self.crawl, self.stop, self.error = crawl, stop, error


class Request:
    def __init__(self, path, headers):
        self.path = path
        self.range = headers.get("Range")
        self.headers = dict(headers)
        self.body_bytes = 0


class FaultServer:
    """Context manager. `etag` may be changed between requests, as if the file was changed. `ranges`: if False, the server
    announces that it does not support ranges. `modified`: the text of Last-Modified. `limit`: the
    longest part, bytes. `repeats_etag`: if False, answers with a part have no ETag. `etags`: an
    iterator with an ETag for each request, as of the servers behind a redirector. `pace`: bytes per second, in many small
    pieces."""

    def __init__(self, file, faults=(), address="127.0.0.1", port=0, pace=None):
        self.file = os.fspath(file)
        self.etag = '"first"'
        self.modified = self.limit = None
        self.ranges = self.repeats_etag = True
        self.etags = None
        self.requests, self.looks = [], []
        self._pace = pace
        self._faults = list(faults)
        self._lock = threading.Lock()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner._serve(self, body=True)

            def do_HEAD(self):
                owner._serve(self, body=False)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail_next(self, fault):
        with self._lock:
            self._faults.append(fault)

    def _serve(self, handler, body):
        request = Request(handler.path, handler.headers)
        is_look = request.range == "bytes=0-0"
        with self._lock:
            fault = self._faults.pop(0) if self._faults and body and not is_look else Fault()
            (self.looks if is_look else self.requests).append(request)
            if self.etags is not None and not is_look:
                self.etag = next(self.etags)
        handler.close_connection = True
        if fault.silent:
            handler.connection.recv(1)  # until the client goes away
            return
        if fault.status is not None:
            handler.send_response(fault.status)
            for name, value in fault.headers:
                handler.send_header(name, value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        size = os.path.getsize(self.file)
        ignores_range = fault.ignore_range or not self.ranges
        first, last = self._range(handler, size) if not ignores_range else (0, size - 1)
        if first is None:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{size}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        first += fault.shift
        if request.range is not None and not ignores_range and self.limit:
            last = min(last, first + self.limit - 1)
        partial = request.range is not None and not ignores_range and (first, last) != (0, size - 1)
        handler.send_response(206 if partial else 200)
        if partial and not fault.unnamed:
            handler.send_header("Content-Range", f"bytes {first}-{last}/{fault.total or size}")
        handler.send_header("Accept-Ranges", "bytes" if self.ranges else "none")
        if self.etag and (self.repeats_etag or not partial):
            handler.send_header("ETag", self.etag)
        if self.modified:
            handler.send_header("Last-Modified", self.modified)
        handler.send_header("Content-Type", "application/octet-stream")
        for name, value in fault.headers:
            handler.send_header(name, value)
        if fault.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif not fault.unmeasured:
            handler.send_header("Content-Length", str(fault.length or last - first + 1))
        handler.end_headers()
        if body:
            self._send(handler, request, first, last - first + 1, fault)

    def _range(self, handler, size):
        text = handler.headers.get("Range")
        condition = handler.headers.get("If-Range")
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", text or "")
        if not match or (condition is not None and condition not in (self.etag, self.modified)):
            return 0, size - 1
        first = int(match[1])
        last = min(int(match[2]) if match[2] else size - 1, size - 1)
        return (first, last) if first < size else (None, None)

    def _send(self, handler, request, first, length, fault):
        left = length if fault.cut is None else min(fault.cut, length)
        try:
            with open(self.file, "rb") as source:
                source.seek(first)
                while left:
                    if fault.stop is not None and request.body_bytes >= fault.stop:
                        handler.connection.recv(1)
                        return
                    slow = fault.crawl is not None and request.body_bytes >= fault.crawl
                    piece = source.read(min(left, 1 << 10 if slow else 1 << 16 if self._pace is None else 1 << 14))
                    if not piece:
                        break
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if fault.chunked else piece)
                    request.body_bytes += len(piece)
                    left -= len(piece)
                    if slow:
                        time.sleep(0.1)
                    elif self._pace is not None:
                        time.sleep(len(piece) / self._pace)
                handler.wfile.write(fault.error)
                if fault.chunked and fault.cut is None:
                    handler.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass  # the client went away
