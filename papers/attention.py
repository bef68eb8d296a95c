"""What topics were lately paid: listings and votes from the tables, for papers/bursts.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Count, Q

from papers import bursts, trend
from papers.bursts import Burst, Listed, Voted
from papers.models import Mention, Paper, PaperTopic

SETTLED = 12.0  # hours after which votes say what there will be
PART = 900  # ids in one query
TOPIC = "paper__paper_topics__topic"


def of_topics(
    now: datetime, voted: Sequence[Paper], votes: trend.Floats, hours: trend.Floats
) -> dict[int, Burst]:
    """`voted`: the papers of the last weeks with votes, and when these were read."""
    border = (now - timedelta(days=bursts.RECENT)).date()
    since = (now - timedelta(days=bursts.SPAN)).date()
    mentions = Mention.objects.filter(
        mentioned_on__gt=since, mentioned_on__lte=now.date(), paper__merged_into=None
    ).order_by()
    counted = {
        "lately": Count("paper", distinct=True, filter=Q(mentioned_on__gt=border)),
        "before": Count("paper", distinct=True, filter=Q(mentioned_on__lte=border)),
    }
    lists = {
        source: Listed(lately, before)
        for source, lately, before in mentions.values_list("source").annotate(**counted)
    }
    of_topic: dict[int, dict[str, Listed]] = defaultdict(dict)
    theirs = mentions.filter(paper__paper_topics__belongs=True).values_list("source", TOPIC)
    for source, topic, lately, before in theirs.annotate(**counted):
        of_topic[topic][source] = Listed(lately, before)
    settled = [n for n, at in enumerate(hours.tolist()) if at >= SETTLED]
    final = np.log1p(votes / trend.arrived(hours))
    topics = topics_of([voted[n].pk for n in settled])
    papers = [
        Voted(
            tuple(topics.get(voted[n].pk, ())),
            float(final[n]),
            (voted[n].first_mentioned_on or since) > border,
        )
        for n in settled
        if not np.isnan(final[n])
    ]
    return bursts.of_topics(lists, of_topic, papers)


def topics_of(paper_ids: Collection[int]) -> dict[int, list[int]]:
    """The topics that papers belong to, the best first."""
    found: dict[int, list[int]] = defaultdict(list)
    ids = list(paper_ids)
    for start in range(0, len(ids), PART):
        rows = PaperTopic.objects.filter(
            paper_id__in=ids[start : start + PART], belongs=True, topic__is_active=True
        ).order_by("-score", "topic_id")
        for paper_id, topic_id in rows.values_list("paper_id", "topic_id"):
            found[paper_id].append(topic_id)
    return found
