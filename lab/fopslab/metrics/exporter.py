"""An exporter of known values: how full the lab's volumes are."""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SIZE_BYTES = 1000
# Volume -> bytes in use of SIZE_BYTES. Tests and the demonstration know these numbers.
VOLUMES = {"data": 420, "cache": 835, "logs": 970}
TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition() -> str:
    """The values in the text format of Prometheus."""
    lines = ["# TYPE lab_volume_size_bytes gauge"]
    lines += [f'lab_volume_size_bytes{{volume="{name}"}} {SIZE_BYTES}' for name in VOLUMES]
    lines.append("# TYPE lab_volume_used_bytes gauge")
    lines += [f'lab_volume_used_bytes{{volume="{name}"}} {used}' for name, used in VOLUMES.items()]
    lines.append("# TYPE lab_text_value gauge")
    lines.append('lab_text_value{text="a\\"b\\\\c",other="\x1b[31mred"} 1')
    return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = exposition().encode() if self.path == "/metrics" else b"not here\n"
        self.send_response(200 if self.path == "/metrics" else 404)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing: it is asked every second."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="fopslab.metrics.exporter", description=__doc__)
    parser.add_argument("--report", type=Path, required=True, metavar="FILE", help="write the port there as JSON")
    report: Path = parser.parse_args().report
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    partial = report.with_suffix(".partial")
    partial.write_text(json.dumps({"port": server.server_address[1]}))
    partial.replace(report)
    server.serve_forever()


if __name__ == "__main__":
    main()
