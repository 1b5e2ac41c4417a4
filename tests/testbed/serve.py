"""serve.py ROOT PORT: serves ROOT/git/*.git (fetch and push) and the files of ROOT/charts over http on 127.0.0.1.

It stands for the Git forge that GitRepositories point to and for the chart servers that HelmRepositories point to.
"""

import functools
import http.server
import os
import subprocess
import sys
import urllib.parse


class Server(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/git/"):
            self.git()
        elif self.path.startswith("/charts/"):
            super().do_GET()
        else:
            self.send_error(404)

    def do_POST(self):
        if self.path.startswith("/git/"):
            self.git()
        else:
            self.send_error(405)

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def git(self):
        url, body = urllib.parse.urlsplit(self.path), self.body()
        environment = os.environ | {
            "GIT_PROJECT_ROOT": self.directory,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "REMOTE_USER": "testbed",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = [line.decode().split(": ", 1) for line in head.split(b"\r\n") if b": " in line]
        status = next((int(value.split()[0]) for name, value in fields if name.lower() == "status"), 200)
        self.send_response(status)
        for name, value in fields:
            if name.lower() != "status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


root, port = os.path.abspath(sys.argv[1]), int(sys.argv[2])
http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Server, directory=root)).serve_forever()
