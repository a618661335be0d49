"""What stands outside of the bridge: it takes heartbeats and notices."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


class Outside:
    """Takes heartbeats (GET) and notices (POST, apprise's json://)."""

    def __init__(self) -> None:
        self.beats: list[str] = []
        self.notices: list[dict[str, str]] = []
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.beats.append(self.path)
                self._done()

            def do_POST(self) -> None:
                outside.notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self._done()

            def _done(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
