"""The page's server: to this computer alone, and nothing but what it is for."""

import http.client
import socket
import threading

import pytest
from served_page import Served

from power.errors import PowerError
from power.explore.server import MOST_BYTES, PAGE, ExploreServer

QUESTION = {"scenario": "earpiece", "board": "artemis"}


def test_every_file_of_the_page_is_served_with_a_policy_that_lets_nothing_else_in(served):
    for path, kind in [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
    ]:
        status, headers, body = served.request("GET", path)
        assert status == 200
        assert headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert body == (PAGE / (path[1:] or "index.html")).read_bytes()


def test_the_page_names_no_other_place():
    for file in PAGE.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, file.name
        assert "https:" not in text, file.name
        assert "//cdn" not in text, file.name


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/../server.py", 404),
        ("GET", "/%2e%2e/server.py", 404),
        ("GET", "//etc/passwd", 404),
        ("GET", "/api/study", 405),
        ("POST", "/", 404),
        ("POST", "/api/nothing", 404),
        ("PUT", "/api/study", 501),
        ("DELETE", "/", 501),
    ],
)
def test_what_is_not_there_is_refused(served, method, path, status):
    assert served.request(method, path)[0] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_gets_nothing(served, headers):
    """Neither by a name of its own for this address, nor by asking across."""
    status, answer = served.ask("/api/study", QUESTION, **headers)
    assert status == 403
    assert set(answer) == {"error"}
    assert served.request("GET", "/", **{"Host": headers.get("Host", "evil.example")})[0] == 403


def test_the_page_itself_may_ask(served):
    origin = served.server.url.rstrip("/")
    assert served.ask("/api/study", QUESTION, Origin=origin)[0] == 200
    by_name = f"localhost:{served.server.server_port}"
    assert served.ask("/api/study", QUESTION, Host=by_name, Origin=f"http://{by_name}")[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_of_another_page_is_no_question(served, kind):
    assert served.ask("/api/study", QUESTION, Content_Type=kind)[0] == 415


def test_a_question_is_short(served):
    status, answer = served.ask("/api/study", b" " * (MOST_BYTES + 1))
    assert status == 413
    assert str(MOST_BYTES) in answer["error"]


@pytest.mark.parametrize("length", ["", "-1", "1e3", "0x10", "99999999999999999999", "²"])
def test_a_length_that_is_none_is_refused(served, length):
    with socket.create_connection(("127.0.0.1", served.server.server_port), timeout=30) as line:
        head = f"POST /api/study HTTP/1.1\r\nHost: 127.0.0.1:{served.server.server_port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        line.sendall(head.encode("utf-8"))
        assert line.recv(4096).split()[1] in (b"411", b"413")


def test_a_question_that_ends_early_is_refused(served):
    with socket.create_connection(("127.0.0.1", served.server.server_port), timeout=30) as line:
        head = f"POST /api/study HTTP/1.1\r\nHost: 127.0.0.1:{served.server.server_port}\r\n"
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        line.shutdown(socket.SHUT_WR)
        assert line.recv(4096).split()[1] == b"400"


def test_many_questions_go_over_one_connection(served):
    connection = http.client.HTTPConnection("127.0.0.1", served.server.server_port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/style.css")
        assert connection.getresponse().read()
    connection.close()


def test_a_failure_of_the_model_is_said_and_not_fatal(capsys):
    def fails(body: bytes) -> dict:
        raise ZeroDivisionError("nothing to divide")

    with ExploreServer({"/api/study": fails}) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):
            status, answer = Served(server).ask("/api/study", {})
            assert status == 500
            assert "the terminal" in answer["error"]
        server.shutdown()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_sentence(served):
    with pytest.raises(PowerError, match=r"cannot be used .*leave --port away"):
        ExploreServer({}, served.server.server_port)
