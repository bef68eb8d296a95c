"""Every row of what an SMTP server may do to a letter, over real sockets."""

import base64
import ssl

import pytest
import trustme

from newsletter.dialogue import Dialogue, Envelope, Relay, Timeouts, _is_go_ahead, mailable
from newsletter.models import Attempt
from tests.smtp_server import DROP, SILENT, Do, Event, SmtpServer

Kind = Attempt.Outcome
SHORT = Timeouts(connect=1.0, greeting=0.3, command=0.3, dot=0.3)
LETTER = b"Subject: Hello\r\n\r\nA paper for you.\r\n"


def relay(server: SmtpServer, **fields) -> Relay:
    fields.setdefault("timeouts", SHORT)
    return Relay("127.0.0.1", server.port, **fields)


def envelope(to: str = "ada@example.net", size: int = len(LETTER)) -> Envelope:
    return Envelope("digest@example.org", to, size)


def deliver(dialogue: Dialogue, *recipients: str) -> list:
    """One letter after the other, the next envelope travelling with each body."""
    outcomes = []
    for to, then in zip(recipients, [*recipients[1:], None], strict=True):
        refusal = dialogue.envelope(envelope(to))
        outcomes.append(refusal or dialogue.body(LETTER, envelope(then) if then else None))
    dialogue.close()
    return outcomes


def kinds(outcomes) -> list:
    return [outcome.kind for outcome in outcomes]


def at(phase: str, do: Do, *, letter: int | None = None, connection: int | None = None):
    """A script that does `do` at that moment and behaves otherwise."""

    def script(event: Event) -> Do | None:
        here = event.phase == phase
        here = here and letter in (None, event.letter)
        return do if here and connection in (None, event.connection) else None

    return script


TABLE = [
    # what the server does, the kind of outcome, the phase, whether it took the letter
    ("dot", Do(accept=True, drop=True), Kind.UNCERTAIN, "dot", True),
    ("dot", Do(accept=True, silent=True), Kind.UNCERTAIN, "dot", True),
    ("dot", DROP, Kind.UNCERTAIN, "dot", False),
    ("rcpt", DROP, Kind.RETRY, "rcpt", False),
    ("rcpt", SILENT, Kind.RETRY, "rcpt", False),
    ("mail", Do("451 later"), Kind.RETRY, "mail", False),
    ("rcpt", Do("451 greylisted"), Kind.RETRY, "rcpt", False),
    ("mail", Do("421 too busy", drop=True), Kind.RETRY, "mail", False),
    ("rcpt", Do("421 too busy", drop=True), Kind.RETRY, "rcpt", False),
    ("rcpt", Do("550 no such user"), Kind.FAILED, "rcpt", False),
    ("data", Do("451 later"), Kind.RETRY, "data", False),
    ("data", Do("554 no"), Kind.FAILED, "data", False),
    ("dot", Do("451 later"), Kind.RETRY, "answered", False),
    ("dot", Do("451 later", accept=True), Kind.RETRY, "answered", True),
    ("dot", Do("554 spam"), Kind.FAILED, "answered", False),
    ("dot", Do("421 closing", drop=True), Kind.RETRY, "answered", False),
    ("connect", DROP, Kind.NOT_TRIED, "connect", False),
    ("connect", SILENT, Kind.NOT_TRIED, "connect", False),
    ("connect", Do("421 full", drop=True), Kind.NOT_TRIED, "connect", False),
    ("connect", Do("554 go away", drop=True), Kind.NOT_TRIED, "connect", False),
    ("ehlo", Do("hello there"), Kind.NOT_TRIED, "connect", False),
    ("mail", Do("550 sender unknown"), Kind.NOT_TRIED, "mail", False),
    ("mail", Do("530 log in first"), Kind.NOT_TRIED, "mail", False),
    ("mail", Do("552 too large"), Kind.FAILED, "mail", False),
]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "plain"])
@pytest.mark.parametrize(("phase", "do", "kind", "where", "taken"), TABLE)
def test_each_fault_is_told_apart(phase, do, kind, where, taken, extensions):
    with SmtpServer(at(phase, do), extensions=extensions) as server:
        [outcome] = deliver(Dialogue(relay(server)), "ada@example.net")

    assert (outcome.kind, outcome.phase) == (kind, where)
    assert bool(server.accepted) == taken


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()], ids=["pipelined", "plain"])
@pytest.mark.parametrize("refusal", [Do("550 no such user"), Do("451 later")])
def test_a_refused_recipient_touches_nobody_else(refusal, extensions):
    def script(event: Event) -> Do | None:
        return refusal if event.phase == "rcpt" and event.to == "bo@example.net" else None

    with SmtpServer(script, extensions=extensions) as server:
        outcomes = deliver(
            Dialogue(relay(server)), "ada@example.net", "bo@example.net", "cy@example.net"
        )

    assert [o.is_sent for o in outcomes] == [True, False, True]
    assert server.recipients == ["ada@example.net", "cy@example.net"]
    assert server.connections == 1
    assert "RSET" in server.commands


def test_a_server_that_wants_a_body_for_nobody_gets_an_empty_one():
    def script(event: Event) -> Do | None:
        return Do("550 no") if event == Event("rcpt", 1, 1, "bo@example.net") else None

    with SmtpServer(script, is_eager=True) as server:
        outcomes = deliver(Dialogue(relay(server)), "bo@example.net", "cy@example.net")

    assert kinds(outcomes) == [Kind.FAILED, Kind.SENT]
    assert server.recipients == ["cy@example.net"]


@pytest.mark.parametrize(
    "goodbye", [Do("421 that was enough", drop=True), DROP], ids=["421", "without a word"]
)
def test_a_recycled_connection_is_not_the_next_letters_fault(goodbye):
    with SmtpServer(at("next", goodbye, letter=1, connection=1)) as server:
        outcomes = deliver(Dialogue(relay(server)), "ada@example.net", "bo@example.net")

    assert kinds(outcomes) == [Kind.SENT, Kind.SENT]
    assert server.recipients == ["ada@example.net", "bo@example.net"]
    assert server.connections == 2


def test_after_a_lost_reply_the_next_letter_goes_by_a_new_connection():
    with SmtpServer(at("dot", Do(accept=True, drop=True), connection=1)) as server:
        outcomes = deliver(Dialogue(relay(server)), "ada@example.net", "bo@example.net")

    assert kinds(outcomes) == [Kind.UNCERTAIN, Kind.SENT]
    assert server.recipients == ["ada@example.net", "bo@example.net"]


def test_one_connection_carries_many_letters_up_to_its_limit():
    with SmtpServer() as server:
        outcomes = deliver(Dialogue(relay(server, letters=3)), *["ada@example.net"] * 7)

    assert kinds(outcomes) == [Kind.SENT] * 7
    assert server.connections == 3


def test_the_next_envelope_travels_with_the_body_where_pipelining_is_announced():
    with SmtpServer() as server:
        dialogue = Dialogue(relay(server))
        dialogue.envelope(envelope("ada@example.net"))
        dialogue.body(LETTER, envelope("bo@example.net"))
        dialogue.envelope(envelope("bo@example.net"))
        said = list(server.commands)

    assert [line for line in said if line.startswith("RCPT")] == [
        "RCPT TO:<ada@example.net>",
        "RCPT TO:<bo@example.net>",
    ]
    assert server.recipients == ["ada@example.net"]


@pytest.mark.parametrize(
    ("said", "may_go"),
    [
        (b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n", True),
        (b"250 Ok\n251 will forward\n354 go on\n", True),
        (b"250 Ok\r\n550 no such user\r\n354 go on\r\n", False),
        (b"250 Ok\r\n250 Ok\r\n554 no valid recipients\r\n", False),
        (b"250 Ok\r\n250 Ok\r\n250 Ok\r\n", False),
        (b"250-Ok\r\n250 Ok\r\n354 go on\r\n", False),
        (b"250 Ok\r\n250 Ok\r\n354 go", False),
        (b"250 Ok\r\n250 Ok\r\n354 go on\r\n421 closing\r\n", False),
        (b"", False),
    ],
)
def test_a_body_follows_at_once_only_after_three_good_replies(said, may_go):
    assert _is_go_ahead(said) == may_go


def test_a_refused_port_is_the_relays_fault():
    with SmtpServer() as server:
        port = server.port
    dialogue = Dialogue(Relay("127.0.0.1", port, timeouts=SHORT))

    outcome = dialogue.envelope(envelope())

    assert outcome is not None
    assert (outcome.kind, outcome.phase) == (Kind.NOT_TRIED, "connect")
    assert "ConnectionRefused" in outcome.reply


def test_a_letter_larger_than_the_relay_takes_fails_alone():
    with SmtpServer(extensions=("PIPELINING", "SIZE 1000")) as server:
        dialogue = Dialogue(relay(server))
        outcomes = [dialogue.envelope(envelope(size=1001)), dialogue.envelope(envelope(size=1000))]

    assert outcomes[0] is not None
    assert outcomes[0].kind == Kind.FAILED
    assert outcomes[1] is None


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a@b@c",
        "a\r\nRCPT TO:<eve@example.net>@d.example",
        "a b@d.example",
        "ä@d.example",
    ],
)
def test_an_address_that_cannot_be_mailed_never_reaches_the_wire(to):
    with SmtpServer() as server:
        dialogue = Dialogue(relay(server))
        outcome = dialogue.envelope(envelope(to))
        dialogue.close()

    assert outcome is not None
    assert outcome.kind == Kind.FAILED
    assert not [line for line in server.commands if line.startswith("RCPT")]


def test_a_domain_beyond_ascii_travels_as_punycode():
    assert mailable("leser@bücher.example") == "leser@xn--bcher-kva.example"
    assert mailable("plain@example.net") == "plain@example.net"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, name="127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_context(authority):
    def context() -> ssl.SSLContext:
        ours = ssl.create_default_context()
        authority.configure_trust(ours)
        return ours

    return context


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "starttls"])
def test_tls_with_a_certificate_we_trust(authority, implicit):
    with SmtpServer(
        extensions=("PIPELINING", "STARTTLS"),
        tls=server_context(authority),
        implicit_tls=implicit,
    ) as server:
        way = {"implicit_tls": True} if implicit else {"starttls": True}
        outcomes = deliver(
            Dialogue(relay(server, tls=client_context(authority), **way)), "ada@example.net"
        )

    assert kinds(outcomes) == [Kind.SENT]


@pytest.mark.parametrize(
    ("certificate", "trusted"), [("mail.example.org", True), ("127.0.0.1", False)]
)
def test_a_bad_certificate_is_the_relays_fault(authority, certificate, trusted):
    with SmtpServer(extensions=("STARTTLS",), tls=server_context(authority, certificate)) as server:
        tls = client_context(authority if trusted else trustme.CA())
        [outcome] = deliver(Dialogue(relay(server, tls=tls, starttls=True)), "ada@example.net")

    assert outcome.kind == Kind.NOT_TRIED
    assert "certificate" in outcome.reply.lower() or "hostname" in outcome.reply.lower()
    assert server.accepted == []


def test_a_relay_that_speaks_between_starttls_and_tls_gets_no_letter(authority):
    with SmtpServer(
        extensions=("STARTTLS",), tls=server_context(authority), injected="\r\n250 AUTH PLAIN"
    ) as server:
        dialogue = Dialogue(relay(server, tls=client_context(authority), starttls=True))
        [outcome] = deliver(dialogue, "ada@example.net")

    assert (outcome.kind, outcome.phase) == (Kind.NOT_TRIED, "tls")
    assert outcome.reply == "the relay spoke before TLS began"
    assert server.accepted == []


def test_starttls_that_is_not_offered_stops_everything():
    with SmtpServer() as server:
        [outcome] = deliver(Dialogue(relay(server, starttls=True)), "ada@example.net")

    assert (outcome.kind, outcome.phase) == (Kind.NOT_TRIED, "tls")


@pytest.mark.parametrize(
    ("offered", "password"),
    [
        ("AUTH PLAIN LOGIN", base64.b64encode(b"\0round\0secret").decode()),
        ("AUTH LOGIN", base64.b64encode(b"secret").decode()),
    ],
)
def test_logging_in(offered, password):
    with SmtpServer(extensions=("PIPELINING", offered), password=password) as server:
        good = Dialogue(relay(server, user="round", password="secret"))
        bad = Dialogue(relay(server, user="round", password="guess"))
        outcomes = [*deliver(good, "ada@example.net"), *deliver(bad, "ada@example.net")]

    assert kinds(outcomes) == [Kind.SENT, Kind.NOT_TRIED]
    assert outcomes[1].phase == "auth"
