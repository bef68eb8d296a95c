"""A local HTTP server that plays every provider's send API, well or badly."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ADDRESS = "ada@mail.example.net"
MESSAGE_ID = "0000-fake-message-id"

ACCEPTED: dict[str, tuple[int, Any, dict[str, str]]] = {
    "amazon_ses": (200, {"MessageId": MESSAGE_ID}, {}),
    "brevo": (201, {"messageId": MESSAGE_ID}, {}),
    "mailersend": (202, None, {"X-Message-Id": MESSAGE_ID}),
    "mailgun": (200, {"id": MESSAGE_ID, "message": "Queued."}, {}),
    "mailjet": (
        200,
        {"Messages": [{"Status": "success", "To": [{"Email": ADDRESS, "MessageID": MESSAGE_ID}]}]},
        {},
    ),
    "mailtrap": (200, {"success": True, "message_ids": [MESSAGE_ID]}, {}),
    "mandrill": (200, [{"email": ADDRESS, "status": "sent", "_id": MESSAGE_ID}], {}),
    "postal": (
        200,
        {
            "status": "success",
            "data": {"message_id": MESSAGE_ID, "messages": {ADDRESS: {"id": 1, "token": "t"}}},
        },
        {},
    ),
    "postmark": (
        200,
        {"ErrorCode": 0, "Message": "OK", "MessageID": MESSAGE_ID, "To": ADDRESS},
        {},
    ),
    "resend": (200, {"id": MESSAGE_ID}, {}),
    "sendgrid": (202, None, {"X-Message-Id": MESSAGE_ID}),
    "sparkpost": (
        200,
        {
            "results": {
                "total_rejected_recipients": 0,
                "total_accepted_recipients": 1,
                "id": MESSAGE_ID,
            }
        },
        {},
    ),
    "unisender_go": (200, {"status": "success", "job_id": MESSAGE_ID, "emails": [ADDRESS]}, {}),
}


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeProvider:
    """`answers` are given in order, the last one for ever: (status, body, headers), "drop" after
    reading, "hang", or "garbage"."""

    answers: list[Any] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def reset(self, *answers: Any) -> None:
        self.answers, self.requests = list(answers), []


def serve() -> tuple[FakeProvider, ThreadingHTTPServer]:
    fake = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            port = self.client_address[1]
            fake.requests.append(Request(self.path, dict(self.headers), body, port))
            self.reply(fake.next())

        def reply(self, answer: Any) -> None:
            if answer == "drop":
                self.close_connection = True
                return
            if answer == "hang":
                time.sleep(1)
                self.close_connection = True
                return
            if answer == "garbage":
                answer = (200, "<html>welcome to the hotel's network</html>", {})
            status, body, headers = answer
            data = b"" if body is None else body.encode() if isinstance(body, str) else b""
            if body is not None and not isinstance(body, str):
                data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json" if data else "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return fake, server
