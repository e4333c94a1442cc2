#!/usr/bin/env python3
"""Follows a Watchtower Server: takes the calls of a publish hook, and verifies them.

    HOOK_SECRET=whsec_... python3 follow.py        # listens on http://127.0.0.1:8090/

What the configuration of the server says for it, with the same HOOK_SECRET in the server's environment:

    [[publish-hook]]
    url = "http://127.0.0.1:8090/"
    secrets = ["${HOOK_SECRET}"]

Only `published` and `gone` are yours to replace: fetch what you need from the server, and be done within 15 seconds, or
put it into a queue. What raises an error here is told again later. It needs Python 3.9, and nothing else.
"""
import base64, hashlib, hmac, json, os, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# While one secret takes the place of another, both are here, with a space between them.
KEYS = [base64.b64decode(secret.removeprefix("whsec_")) for secret in os.environ["HOOK_SECRET"].split()]
PORT = int(os.environ.get("PORT", "8090"))
SKEW = 300  # seconds by which the clocks may differ: an old call that somebody recorded is not taken


def published(project, revision):
    """A project, or what all projects share (None), can be seen at a new revision."""
    print(project or "what all projects share", "is published at revision", revision, flush=True)


def gone(project, revision):
    """A project was deleted."""
    print(project, "is gone at revision", revision, flush=True)


def is_from_the_server(headers, body):
    """Whether a call is signed as Standard Webhooks 1.0 have it. The body has to be as it came, byte for byte."""
    try:
        sent = int(headers.get("webhook-timestamp", ""))
    except ValueError:
        return False
    message = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    right = [b"v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)) for key in KEYS]
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return abs(time.time() - sent) <= SKEW and any(hmac.compare_digest(a, b) for a in right for b in given)


latest, one_at_a_time = {}, threading.Lock()


def take(call):
    """The same call may come twice, so that what is not newer is passed over. Types that are not known are, too."""
    project, revision = call["data"].get("project"), call["data"].get("revision", 0)
    todo = {"context.published": published, "project.published": published, "project.deleted": gone}.get(call["type"])
    with one_at_a_time:
        if todo and revision > latest.get(project, 0):
            todo(project, revision)
            latest[project] = revision


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 1 << 20))
        status = 401
        if is_from_the_server(self.headers, body):
            take(json.loads(body))
            status = 204
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
