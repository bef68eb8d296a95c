import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from subscribers import consent
from subscribers.models import ConsentEvent, Notice, Subscriber, Suppression
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db

ADA = "ada@mail.example.net"


@pytest.fixture
def operator(client):
    user = User.objects.create_superuser("operator", password="long enough password")
    client.force_login(user)
    return client


def changelist(model: str) -> str:
    return reverse(f"admin:subscribers_{model}_changelist")


def act(client, model: str, action: str, *rows) -> None:
    selected = {"action": action, "_selected_action": [row.pk for row in rows]}
    assert client.post(changelist(model), selected).status_code == 302


def test_a_reader_is_found_by_the_whole_address_in_any_spelling_only(operator):
    make_subscriber(email=ADA)
    make_subscriber(email="bob@mail.example.net")

    found = operator.get(changelist("subscriber"), {"q": " ADA@mail.example.net"})
    not_found = operator.get(changelist("subscriber"), {"q": "mail.example"})

    assert found.context["cl"].result_count == 1
    assert not_found.context["cl"].result_count == 0


def test_the_list_takes_as_many_queries_for_many_readers(operator, django_assert_max_num_queries):
    for _ in range(60):
        make_subscriber()

    with django_assert_max_num_queries(10):
        operator.get(changelist("subscriber"))


def test_a_readers_page_shows_every_step_and_no_status_to_edit(operator):
    reader = make_subscriber()
    consent.pause(reader, until=None, now=NOW)

    url = reverse("admin:subscribers_subscriber_change", args=[reader.pk])
    page = operator.get(url).content.decode()
    posted = operator.post(url, {"status": "active"})

    reader.refresh_from_db()
    assert "Paused" in page
    assert 'name="status"' not in page
    assert reader.unsubscribe_token not in page
    assert (posted.status_code, reader.status) == (403, "paused")


@pytest.mark.parametrize(
    ("action", "status", "proof"),
    [
        ("withdraw", "unsubscribed", "withdrawn"),
        ("suppress", "suppressed", "suppressed"),
    ],
)
def test_actions_go_through_consent_and_leave_their_proof(operator, action, status, proof):
    reader = make_subscriber()

    act(operator, "subscriber", action, reader)

    reader.refresh_from_db()
    event = ConsentEvent.objects.get()
    assert (reader.status, event.kind, event.door) == (status, proof, "operator")


def test_an_operator_resumes_and_erases(operator):
    paused, erased = make_subscriber(), make_subscriber()
    consent.pause(paused, until=None, now=NOW)

    act(operator, "subscriber", "resume", paused)
    act(operator, "subscriber", "erase", erased)

    assert [s.status for s in Subscriber.objects.all()] == ["active"]


def test_staff_who_may_only_look_cannot_act(client):
    user = User.objects.create_user("clerk", password="long enough password", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_subscriber"))
    client.force_login(user)
    reader = make_subscriber()

    client.post(changelist("subscriber"), {"action": "withdraw", "_selected_action": [reader.pk]})

    reader.refresh_from_db()
    assert reader.status == "active"


def test_an_address_is_suppressed_found_and_lifted_by_hand(operator):
    reader = make_subscriber(email=ADA)

    added = operator.post(
        reverse("admin:subscribers_suppression_add"), {"address": ADA, "detail": "asked by mail"}
    )
    found = operator.get(changelist("suppression"), {"q": ADA})
    status_then = Subscriber.objects.get().status
    act(operator, "suppression", "lift", Suppression.objects.get())

    reader.refresh_from_db()
    assert added.status_code == 302
    assert found.context["cl"].result_count == 1
    assert ADA not in str(list(Suppression.objects.values()))
    assert (status_then, reader.status) == ("suppressed", "unsubscribed")
    assert not consent.is_suppressed(ADA)


def test_a_bad_address_is_not_suppressed(operator):
    answer = operator.post(reverse("admin:subscribers_suppression_add"), {"address": "ada"})

    assert answer.status_code == 200
    assert "with an @" in answer.content.decode()
    assert not Suppression.objects.exists()


def test_the_proofs_of_an_erased_reader_are_found_by_address(operator):
    consent.erase(make_subscriber(email=ADA), door="page", now=NOW)

    found = operator.get(changelist("consentevent"), {"q": ADA})

    assert found.context["cl"].result_count == 1


def test_failed_notices_are_sent_again(operator):
    reader = make_subscriber()
    notice = Notice.objects.create(
        subscriber=reader, kind="sign_in", created_at=NOW, status="failed", attempts=5
    )

    act(operator, "notice", "send_again", notice)

    notice.refresh_from_db()
    assert (notice.status, notice.attempts) == ("pending", 0)
    assert operator.get(changelist("notice")).status_code == 200
