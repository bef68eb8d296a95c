"""Two topics become one: everything that pointed at the first points at the second."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.fields.reverse_related import ForeignObjectRel

from papers import topics
from papers.models import PaperTopic, Topic


@transaction.atomic
def merge(topic: Topic, into: Topic) -> dict[str, int]:
    """Hand the readers of `topic` over to `into` and switch it off.

    A reader of both keeps the preference they set for `into`. Returns the rows that moved, by
    reverse name ("preferences"). Raises ValueError where the two cannot be merged.
    """
    # Others were merged since the rows were read, perhaps on the same page.
    topic.refresh_from_db(fields=["parent", "is_active", "merged_into"])
    into.refresh_from_db(fields=["parent", "is_active", "merged_into"])
    if topic.pk == into.pk:
        raise ValueError("a topic cannot be merged into itself")
    if not into.is_active or into.merged_into_id is not None:
        raise ValueError(f"{into.name} is switched off or merged itself")
    if topic.merged_into_id is not None:
        raise ValueError(f"{topic.name} is merged already")

    if topics.is_below(into, topic):
        # It comes to stand where `topic` stood, and those in between below it.
        into.parent = topic.parent
        into.save(update_fields=["parent", "changed_at"])
    # Scores belong to the text that they were computed from, so they end with it.
    PaperTopic.objects.filter(topic=topic).delete()
    moved = repoint(topic, into)
    topic.is_active = False
    topic.merged_into = into
    topic.save(update_fields=["is_active", "merged_into", "changed_at"])
    return moved


def repoint(row: models.Model, to: models.Model) -> dict[str, int]:
    """Let every foreign key that points at `row` point at `to`, whichever package holds it.

    Where a unique constraint allows only one of the two, the row that already points at `to`
    stays and the other goes. Returns how many moved, by reverse name.
    """
    moved = {}
    for relation in row._meta.related_objects:
        if relation.many_to_many:
            continue
        key = relation.field.name
        rows: models.QuerySet[Any] = relation.related_model._base_manager.filter(**{key: row})
        theirs = relation.related_model._base_manager.filter(**{key: to})
        for others in _unique_with(relation):
            same = {other: OuterRef(other) for other in others}
            rows.filter(Exists(theirs.filter(**same))).delete()
        moved[relation.get_accessor_name() or key] = rows.update(**{key: to})
    return moved


def _unique_with(relation: ForeignObjectRel) -> list[list[str]]:
    """For each unique constraint over the foreign key, the other fields in it."""
    options = relation.related_model._meta
    sets = [list(names) for names in options.unique_together]
    sets += [list(c.fields) for c in options.constraints if isinstance(c, models.UniqueConstraint)]
    if relation.field.unique:
        sets.append([relation.field.name])
    return [
        [name for name in names if name != relation.field.name]
        for names in sets
        if relation.field.name in names
    ]
