"""Calls to upstream services, against a server of our own."""

from __future__ import annotations

import gzip
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import hypothesis
import pytest
from hypothesis import strategies as st

from papers.sources import http
from papers.sources.base import SourceError, StoppedError
from papers.sources.http import Client, Turns
from tests.papers.upstream import says


def test_an_answer_comes_with_what_the_next_question_needs(upstream, naps):
    upstream.answers = [
        says(body=b"[1]", ETag='"a"', Last_Modified="Fri, 20 Feb 2026 07:00:00 GMT")
    ]

    answer = Client().get(upstream.url, params={"date": "2026-02-20"})

    assert (answer.status, answer.content, answer.etag) == (200, b"[1]", '"a"')
    assert answer.last_modified == "Fri, 20 Feb 2026 07:00:00 GMT"
    assert upstream.requests[0][0] == "/papers?date=2026-02-20"


def test_a_call_says_who_we_are_and_what_we_have(upstream, naps, settings):
    settings.SOURCE_CONTACT = "ops@papers.example.org"
    upstream.answers = [says(304, b"")]

    answer = Client().get(upstream.url, etag='"a"', last_modified="yesterday")

    headers = upstream.requests[0][1]
    assert answer.status == 304
    assert "mailto:ops@papers.example.org" in headers["User-Agent"]
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"a"', "yesterday")


def test_a_validator_that_no_header_can_carry_is_not_sent(upstream, naps):
    upstream.answers = [says(body=b"[]")]

    answer = Client().get(upstream.url, etag='\x0b"a"', last_modified="Fri\x00")

    assert answer.status == 200
    assert not {"If-None-Match", "If-Modified-Since"} & upstream.requests[0][1].keys()


def test_a_busy_server_is_asked_again_later_each_time(upstream, naps):
    upstream.answers = [says(503), says(500), says(body=b"[]")]

    answer = Client(sleep=naps.append).get(upstream.url)

    assert answer.content == b"[]"
    assert 1.5 <= naps[0] <= 2.5 < naps[1] <= 5


def test_a_server_is_left_alone_as_long_as_it_asks_for(upstream, naps):
    in_a_while = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    upstream.answers = [says(429, Retry_After="7"), says(503, Retry_After=in_a_while), says()]

    Client(sleep=naps.append).get(upstream.url)

    assert naps[0] == 7
    assert 25 < naps[1] <= 30


def test_a_server_that_asks_for_a_long_rest_is_not_asked_again(upstream, naps):
    upstream.answers = [says(429, Retry_After="3600")]

    with pytest.raises(SourceError, match="HTTP 429 and asks for 3,600 seconds"):
        Client(sleep=naps.append).get(upstream.url)

    assert naps == []


def test_a_server_that_stays_busy_is_given_up(upstream, naps):
    upstream.answers = [says(503)]

    with pytest.raises(SourceError, match="HTTP 503"):
        Client(sleep=naps.append, tries=3).get(upstream.url)

    assert len(upstream.requests) == 3


def test_a_wait_ends_where_the_service_is_stopped(upstream, naps):
    upstream.answers = [says(503, Retry_After="50")]
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()

    with pytest.raises(StoppedError):
        Client(sleep=http.until(stop)).get(upstream.url)

    assert time.monotonic() - began < 30
    assert len(upstream.requests) == 1


def test_a_refusal_is_told_in_the_servers_words_and_not_repeated(upstream, naps):
    upstream.answers = [says(400, b"<html><style>x</style><b>incorrect id</b> format</html>")]

    with pytest.raises(SourceError, match="HTTP 400: incorrect id format"):
        Client(sleep=naps.append).get(upstream.url)

    assert len(upstream.requests) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_big_is_cut_off(upstream, naps, packed):
    body = b"x" * 3_000_000
    headers = {"Content_Encoding": "gzip"} if packed else {}
    upstream.answers = [says(body=gzip.compress(body) if packed else body, **headers)]

    with pytest.raises(SourceError, match="more than 1 MB"):
        Client().get(upstream.url, limit=1024 * 1024)


def test_an_answer_that_drips_is_cut_off(upstream, naps):
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    upstream.answers = [drip]
    began = time.monotonic()

    with pytest.raises(SourceError, match=r"for more than 0\.3 seconds"):
        Client(longest=0.3).get(upstream.url)

    assert time.monotonic() - began < 3


def test_silence_is_a_reason(upstream, naps):
    upstream.answers = [lambda handler: time.sleep(1)]

    with pytest.raises(SourceError, match=r"did not answer within 0\.2 seconds"):
        Client(timeouts=(1, 0.2), tries=2, sleep=naps.append).get(upstream.url)


def test_an_answer_broken_off_in_the_middle_is_a_reason(upstream, naps):
    def broken(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"only this")

    upstream.answers = [broken]

    with pytest.raises(SourceError):
        Client(tries=2, sleep=naps.append).get(upstream.url)


def test_an_answer_that_is_packed_wrongly_is_a_reason(upstream, naps):
    upstream.answers = [says(body=b"not gzip", Content_Encoding="gzip")]

    with pytest.raises(SourceError, match="127"):
        Client(tries=2, sleep=naps.append).get(upstream.url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "ftp://a.example/", "http://["]
)
def test_what_cannot_be_reached_is_a_reason(url, naps):
    with pytest.raises(SourceError) as error:
        Client(tries=2, sleep=naps.append).get(url)

    assert error.value.reason


def test_a_gzip_cut_at_its_end_is_a_reason(upstream, naps):
    upstream.answers = [says(body=gzip.compress(b"[1, 2]" * 99)[:-4], Content_Encoding="gzip")]

    with pytest.raises(SourceError, match="broke off"):
        Client(tries=2, sleep=naps.append).get(upstream.url)

    assert len(upstream.requests) == 2


@pytest.mark.parametrize("packing", ["br", "deflate", "gzip, gzip"])
def test_a_packing_that_was_not_asked_for_is_a_reason(packing, upstream, naps):
    upstream.answers = [says(body=b"[]", Content_Encoding=packing)]

    with pytest.raises(SourceError, match=f"'{packing}', which was not asked for"):
        Client().get(upstream.url)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.integers(1, 500), st.data()
)
def test_what_gzip_packed_comes_out_whole_and_in_small_parts(members, size, data):
    plain = [member * data.draw(st.sampled_from([1, 300, http.PART])) for member in members]
    packed = b"".join(map(gzip.compress, plain)) + data.draw(st.sampled_from([b"", b"\0" * 9]))
    cut = len(packed) // 2 + 1 if len(packed) > 10_000 else size
    parts = [packed[at : at + cut] for at in range(0, len(packed), cut)]

    unpacked = list(http.unpacked(parts, "a.example"))

    assert b"".join(unpacked) == b"".join(plain)
    assert max(map(len, unpacked)) <= http.PART


def test_arxiv_is_left_three_seconds_between_two_calls():
    turns, naps, now = Turns(), [], [100.0]

    def sleep(seconds):
        naps.append(seconds)
        now[0] += seconds

    for _ in range(3):
        turns.take("export.arxiv.org", 3.0, clock=lambda: now[0], sleep=sleep)
    now[0] += 60
    turns.take("export.arxiv.org", 3.0, clock=lambda: now[0], sleep=sleep)

    assert naps == [3.0, 3.0]
    assert Client()._interval("export.arxiv.org") == Client()._interval("rss.arxiv.org") == 3.0
    assert Client()._interval("notarxiv.org") == http.INTERVAL
