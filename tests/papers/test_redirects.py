"""Redirects are followed within a site, within the limits of the call, and no further."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import hypothesis
import pytest
from hypothesis import strategies as st

from papers.sources import redirects
from papers.sources.base import SourceError
from papers.sources.http import Client
from tests.papers.upstream import Upstream, says

LOCAL = "http://127.0.0.1:8000/papers"


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        (LOCAL, "/end?p=1", "http://127.0.0.1:8000/end?p=1"),
        (LOCAL, "end", "http://127.0.0.1:8000/end"),
        (LOCAL, "http://127.0.0.1:8000/é".encode().decode("latin-1"), "http://127.0.0.1:8000/é"),
        ("http://arxiv.org/a", "https://export.arxiv.org/a", "https://export.arxiv.org/a"),
        ("https://export.arxiv.org/a", "//arxiv.org/a", "https://arxiv.org/a"),
        ("https://export.arxiv.org/a", "https://www.arxiv.org/a", "https://www.arxiv.org/a"),
        (
            "https://huggingface.co/a",
            "https://HuggingFace.co:443/b",
            "https://HuggingFace.co:443/b",
        ),
    ],
)
def test_a_redirect_within_the_site_is_followed(url, location, target):
    assert redirects.target(url, location) == target


@pytest.mark.parametrize(
    ("url", "location", "reason"),
    [
        (LOCAL, "http://127.0.0.1:8001/", "another port, 8001"),
        (LOCAL, "http://127.0.0.1/", "another port, 80"),
        (LOCAL, "http://0.0.1:8000/", "another site"),
        (LOCAL, "http://a.127.0.0.1:8000/", "another site"),
        (LOCAL, "http://localhost:8000/", "another site"),
        (LOCAL, "http://0x7f000001:8000/", "another site"),
        (LOCAL, "http://[bad/", "cannot be read"),
        (LOCAL, "http://[::1", "cannot be read"),
        (LOCAL, "http://\xff\xfe/", "cannot be read"),
        (LOCAL, "http://127.0.0.1:abc/", "cannot be read"),
        (LOCAL, "http://127.0.0.1:99999/", "cannot be read"),
        (LOCAL, "data:,[]", "no plain web address"),
        (LOCAL, "file:///etc/passwd", "no plain web address"),
        (LOCAL, "javascript:alert(1)", "no plain web address"),
        (LOCAL, "http://ada:secret@127.0.0.1:8000/", "no plain web address"),
        ("https://arxiv.org/", "http://arxiv.org/", "from https back to http"),
        ("https://arxiv.org/", "https://10.0.0.1/", "another site"),
        ("https://arxiv.org/", "https://169.254.169.254/", "another site"),
        ("https://arxiv.org/", "https://localhost/", "another site"),
        ("https://arxiv.org/", "https://notarxiv.org/", "another site"),
        ("https://arxiv.org/", "https://arxiv.org.evil.example/", "another site"),
        ("https://arxiv.org/", "https://org/", "another site"),
        ("https://arxiv.org/", "https://arxiv.org:8443/", "another port"),
        ("http://arxiv.org/", "https://arxiv.org:80/", "another port"),
    ],
)
def test_any_other_is_a_reason(url, location, reason):
    with pytest.raises(ValueError, match=reason):
        redirects.target(url, location)


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
@hypothesis.given(
    st.text(st.characters(max_codepoint=255), max_size=30)
    | st.from_regex(r"(https?:)?//[a-z0-9.:@\[\]%-]{0,20}(/.*)?", fullmatch=True)
)
def test_whatever_is_in_the_header_leads_to_the_same_host_or_nowhere(location):
    try:
        target = redirects.target(LOCAL, location)
    except ValueError:
        target = LOCAL

    assert urlsplit(target).netloc == "127.0.0.1:8000"
    assert urlsplit(target).scheme == "http"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_call_follows_a_redirect_to_the_answer(status, upstream, naps):
    upstream.answers = [says(status, Location="/moved"), says(body=b"[]")]

    answer = Client().get(upstream.url, params={"p": "1"}, etag='"a"')

    assert (answer.content, answer.url) == (b"[]", upstream.url.replace("papers", "moved"))
    assert [path for path, _ in upstream.requests] == ["/papers?p=1", "/moved"]
    assert all(headers["If-None-Match"] == '"a"' for _, headers in upstream.requests)


def test_what_we_have_of_one_host_is_not_told_to_another(upstream, naps, monkeypatch):
    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **kwargs: known("127.0.0.1", *args, **kwargs)
    )
    url = upstream.url.replace("127.0.0.1", "site.example")
    other = upstream.url.replace("127.0.0.1", "www.site.example")
    upstream.answers = [says(302, Location=other), says(body=b"[]", ETag='"b"')]

    answer = Client().get(url, etag='"a"', last_modified="yesterday")

    assert (answer.url, answer.etag) == (other, "")
    assert [headers.get("If-None-Match") for _, headers in upstream.requests] == ['"a"', None]
    assert "If-Modified-Since" not in upstream.requests[1][1]


@pytest.mark.parametrize("location", ["http://[bad/", "http://\xff\xfe/", "ftp://127.0.0.1/"])
def test_a_redirect_to_nowhere_is_told_by_the_host_that_sent_it(location, upstream, naps):
    upstream.answers = [says(302, Location=location)]

    with pytest.raises(SourceError, match=r"127\.0\.0\.1 leads to"):
        Client().get(upstream.url)


def test_another_server_of_the_same_machine_is_not_asked(upstream, naps):
    other = Upstream()
    other.answers = [says(body=b'["private"]')]
    upstream.answers = [says(302, Location=other.url)]

    with pytest.raises(SourceError, match="another port"):
        Client().get(upstream.url)

    other.server.shutdown()
    other.server.server_close()
    assert other.requests == []


def test_endless_redirection_is_a_reason(upstream, naps):
    upstream.answers = [says(302, Location="/papers")]

    with pytest.raises(SourceError, match="more than 5 redirects"):
        Client().get(upstream.url)

    assert len(upstream.requests) == 6


def test_a_redirect_without_an_address_is_a_refusal(upstream, naps):
    upstream.answers = [says(302, b"moved")]

    with pytest.raises(SourceError, match="HTTP 302: moved"):
        Client().get(upstream.url)


def test_the_body_of_a_redirect_is_not_read(upstream, naps):
    written = []

    def flood(handler):
        handler.send_response(302)
        handler.send_header("Location", "/end")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(bytes(1024 * 1024))
            written.append(1)

    upstream.answers = [flood, says(body=b"[]")]

    answer = Client().get(upstream.url)

    assert answer.content == b"[]"
    assert len(written) < 50


def slow_redirect(handler):
    time.sleep(0.2)
    says(302, Location="/papers")(handler)


def slow_status(handler):
    for sign in b"HTTP/1.1 200 OK\r\n":
        handler.wfile.write(bytes([sign]))
        time.sleep(0.1)


def slow_headers(handler):
    handler.send_response(200)
    handler.flush_headers()
    for number in range(50):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def more_to_come(handler):
    for _ in range(100):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [slow_redirect, slow_status, slow_headers, more_to_come])
def test_a_call_ends_in_time_whatever_is_slow(answer, upstream, naps):
    upstream.answers = [answer]
    began = time.monotonic()

    with pytest.raises(SourceError, match=r"for more than 0\.4 seconds"):
        Client(longest=0.4, sleep=naps.append).get(upstream.url)

    assert time.monotonic() - began < 2
    assert naps == []
