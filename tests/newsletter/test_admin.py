"""What the operator sees of editions and letters, and may do."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from newsletter.models import Attempt, Digest, Edition
from tests.factories import NOW, make_digest, make_edition

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator", password="x"))
    return client


def changelist(model: str) -> str:
    return reverse(f"admin:newsletter_{model}_changelist")


def act(client, model: str, action: str, *rows) -> None:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    assert client.post(changelist(model), data, follow=True).status_code == 200


def test_an_edition_shows_its_counts(operator):
    make_digest(status="sent", sent_at=NOW)
    make_digest()

    page = operator.get(changelist("edition")).content.decode()

    assert "sent 1" in page
    assert "waiting 1" in page


def test_editions_are_paused_resumed_and_cancelled_by_hand(operator):
    edition = make_edition()

    seen = []
    for action in ("pause", "resume", "cancel"):
        act(operator, "edition", action, edition)
        seen.append(Edition.objects.get().status)

    assert seen == ["paused", "open", "cancelled"]


def test_a_letter_is_found_by_address_and_by_its_number(operator):
    digest, other = make_digest(), make_digest()

    for term in (digest.subscriber.email.upper(), str(digest.uuid)):
        page = operator.get(changelist("digest"), {"q": term}).content.decode()
        assert digest.subscriber.email in page
        assert other.subscriber.email not in page

    nothing = operator.get(changelist("digest"), {"q": "reader"}).content.decode()
    assert digest.subscriber.email not in nothing


def test_a_letters_page_shows_every_try_and_nothing_to_edit(operator):
    digest = make_digest(status="failed", reason="550 no")
    Attempt.objects.create(
        digest=digest, number=1, started_at=NOW, outcome="failed", reply="550 no such user"
    )

    page = operator.get(reverse("admin:newsletter_digest_change", args=[digest.pk]))

    assert "550 no such user" in page.content.decode()
    assert digest.view_token not in page.content.decode()
    assert 'name="_save"' not in page.content.decode()


def test_uncertain_letters_are_settled_by_hand(operator):
    digest = make_digest(status="uncertain", uncertain_since=NOW)

    act(operator, "digest", "count_as_sent", digest)

    assert Digest.objects.get().status == "sent"


def test_the_list_takes_as_many_queries_for_many_letters(operator, django_assert_max_num_queries):
    for _ in range(12):
        make_digest()

    with django_assert_max_num_queries(12):
        operator.get(changelist("digest"))


def test_staff_who_may_only_look_cannot_act(client):
    watcher = User.objects.create_user("watcher", password="x", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_edition"))
    client.force_login(watcher)
    edition = make_edition()

    client.post(changelist("edition"), {"action": "cancel", "_selected_action": [edition.pk]})

    assert Edition.objects.get().status == "open"
