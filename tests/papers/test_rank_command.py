"""Ranking from files: the benchmark's format in and out, by the code that chooses for readers."""

import json

import pytest
from django.core.management import CommandError, call_command

BEES = [
    "Foraging of the honey bee in spring",
    "Honey bee colonies and their waggle dance",
    "How the honey bee finds its hive",
]
CODES = [
    "Surface codes for quantum memory",
    "Decoding quantum codes by matching",
    "Thresholds of quantum codes",
]


@pytest.fixture
def folder(tmp_path):
    papers = [
        {"id": f"p{n}", "date": "2026-02-19", "title": title, "abstract": "", "categories": []}
        for n, title in enumerate([*BEES, *CODES])
    ]
    write(tmp_path / "papers.jsonl", papers)
    pools = {"week": [paper["id"] for paper in papers]}
    (tmp_path / "pools.json").write_text(json.dumps(pools))
    return tmp_path


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def ranked(folder, signals=None, **request):
    asked = {"rid": "t/x/1", "task": "t", "topic": None, "liked": [], "candidates": "week"}
    write(folder / "requests.jsonl", [asked | request])
    call_command(
        "rank",
        papers=folder / "papers.jsonl",
        pools=folder / "pools.json",
        requests=folder / "requests.jsonl",
        signals=signals,
        out=folder / "run.jsonl",
    )
    return json.loads((folder / "run.jsonl").read_text())


def topic(**fields):
    return {
        "name": "Honey bees",
        "description": "",
        "keywords": [],
        "arxiv_categories": [],
    } | fields


def test_a_topic_puts_its_papers_first(folder):
    answer = ranked(folder, topic=topic(keywords=["honey bee"]))

    assert answer["rid"] == "t/x/1"
    assert set(answer["ranked"][:3]) == {"p0", "p1", "p2"}
    assert answer["scores"] == sorted(answer["scores"], reverse=True)
    assert set(answer["accepted"]) <= {"p0", "p1", "p2"}


def test_liked_papers_bring_their_like_and_are_not_returned(folder):
    answer = ranked(folder, liked=["p3"])

    assert set(answer["ranked"][:2]) == {"p4", "p5"}
    assert "p3" not in answer["ranked"]


def test_a_request_that_says_nothing_is_answered_with_every_candidate(folder):
    answer = ranked(folder)

    assert sorted(answer["ranked"]) == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert answer["accepted"] == []


def test_the_order_of_the_pool_tells_nothing(folder):
    first = ranked(folder)["ranked"]
    pools = json.loads((folder / "pools.json").read_text())
    (folder / "pools.json").write_text(json.dumps({"week": pools["week"][::-1]}))

    assert ranked(folder)["ranked"] == first


def test_the_same_files_give_the_same_answers(folder):
    first = ranked(folder, topic=topic(), liked=["p0"])

    assert ranked(folder, topic=topic(), liked=["p0"]) == first


def test_a_file_that_is_not_there_is_named(folder):
    (folder / "pools.json").unlink()

    with pytest.raises(CommandError, match=r"cannot rank: .*No such file.*pools\.json"):
        ranked(folder)


@pytest.mark.parametrize("line", ["{", '{"rid": 1}'])
def test_a_line_that_is_no_request_stops_the_command_with_a_reason(folder, line):
    (folder / "requests.jsonl").write_text(line + "\n")

    with pytest.raises(CommandError, match="cannot rank"):
        call_command(
            "rank",
            papers=folder / "papers.jsonl",
            pools=folder / "pools.json",
            requests=folder / "requests.jsonl",
            out=folder / "run.jsonl",
        )


def test_a_day_without_votes_is_ordered_by_what_earlier_votes_promise(folder):
    votes = bees_won_votes(folder, on="2026-01-05")
    own = [{"id": "p3", "date": "2026-02-19", "upvotes": 900}]
    write(folder / "signals.jsonl", [*votes, *own])

    answer = ranked(folder, signals=folder / "signals.jsonl")

    assert set(answer["ranked"][:3]) == {"p0", "p1", "p2"}


def test_votes_of_later_days_teach_only_where_the_request_names_them(folder):
    votes = bees_won_votes(folder, on="2026-03-05")
    write(folder / "signals.jsonl", votes)
    pools = json.loads((folder / "pools.json").read_text())
    pools["named"] = [vote["id"] for vote in votes]
    (folder / "pools.json").write_text(json.dumps(pools))

    plain = ranked(folder, signals=folder / "signals.jsonl")
    told = ranked(folder, signals=folder / "signals.jsonl", background="named")

    assert set(plain["ranked"][:3]) != {"p0", "p1", "p2"}
    assert set(told["ranked"][:3]) == {"p0", "p1", "p2"}


def bees_won_votes(folder, on):
    """Adds papers on bees and on codes, and returns the votes of that day: all for bees."""
    listed = [json.loads(line) for line in (folder / "papers.jsonl").read_text().splitlines()]
    others = [
        {"id": f"e{n}", "date": on if n % 2 == 0 else "2026-01-05",
         "title": f"{(BEES, CODES)[n % 2][0]} {n}", "abstract": "", "categories": []}
        for n in range(200)
    ]  # fmt: skip
    write(folder / "papers.jsonl", [*others, *listed])
    return [{"id": f"e{n}", "date": on, "upvotes": 40} for n in range(0, 100, 2)]
