"""A server of the page, and how a test asks it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from power.explore.answers import Explorer
from power.explore.server import ExploreServer


@dataclass
class Served:
    """The server and what answers for it."""

    server: ExploreServer
    explorer: Explorer | None = None

    def ask(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """POSTs `body` (bytes as they are, else as JSON); status and answer."""
        status, _, document = self.request("POST", path, body, **headers)
        return status, json.loads(document)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Any request; header names with _ for -."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} if method == "POST" else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=30)
        try:
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()
