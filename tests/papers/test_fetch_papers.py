"""The command that fetches, and what it says."""

import gzip
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from papers import ingest
from papers.models import Fetch, Paper
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def document(*papers):
    return json.dumps({"format": "paper-round/1", "papers": list(papers)})


def run(*args):
    out, err = StringIO(), StringIO()
    try:
        call_command("fetch_papers", *args, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), str(error)
    return out.getvalue(), err.getvalue(), ""


def test_a_file_is_read_and_counted(tmp_path):
    path = tmp_path / "papers.json.gz"
    path.write_bytes(gzip.compress(document({"title": "On letters", "doi": "10.1000/x"}).encode()))

    out, err, failure = run("--from", str(path))

    assert "papers.json.gz: 1 received, 1 new" in out
    assert "1 papers in all" in out
    assert (err, failure) == ("", "")


def test_what_is_broken_is_named_and_the_exit_status_says_so(tmp_path):
    (tmp_path / "a.json").write_text(document({"title": ""}, {"title": "On letters at last"}))
    (tmp_path / "b.json").write_text("{nonsense")
    (tmp_path / "c.json").write_text(document({"title": "On parcels, another thing"}))

    _, err, failure = run("--from", str(tmp_path))

    assert "refused" in err
    assert "file b.json: failed: " in err
    assert Paper.objects.count() == 2
    assert failure == "1 of 3 answers failed, 1 records were refused"
    assert list(Fetch.objects.order_by("id").values_list("target", "status")) == [
        ("a.json", "partial"),
        ("b.json", "failed"),
        ("c.json", "done"),
    ]


def test_a_path_that_is_not_there_is_told(tmp_path):
    _, err, failure = run("--from", str(tmp_path / "nothing.json"))

    assert "no such file" in err
    assert failure


def test_live_sources_are_asked_for_the_day_that_is_given(monkeypatch, settings):
    settings.SOURCES = ["hf", "arxiv"]
    asked = []

    def answer(source, on, *, now):
        asked.append((source, on.isoformat()))
        return Fetch.objects.create(source=source, target=f"{on}", started_at=NOW, status="done")

    monkeypatch.setattr(ingest, "fetch_and_ingest", answer)

    run("--date", "2026-02-20")
    run("--date", "2026-02-20", "--source", "arxiv_feed")

    assert asked == [("hf", "2026-02-20"), ("arxiv", "2026-02-20"), ("arxiv_feed", "2026-02-20")]


@pytest.mark.parametrize(
    "args", [("--date", "yesterday"), ("--source", "nature"), ("--from", "x", "--source", "hf")]
)
def test_a_wrong_call_is_refused(args):
    _, _, failure = run(*args)

    assert failure
    assert not Fetch.objects.exists()
