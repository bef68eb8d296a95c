"""What is written to a socket, and what is read from it, whatever the system does at once."""

import socket

import pytest

from newsletter.line import Line, Reply


class Sip(socket.socket):
    """Takes a few bytes at a time of what is given in parts."""

    def sendmsg(self, parts, *_):
        return self.send(b"".join(parts)[:3])


@pytest.mark.parametrize("kind", [socket.socket, Sip])
def test_parts_are_written_in_order_however_little_is_taken_at_once(kind):
    ours, theirs = socket.socketpair()
    line = Line(kind(fileno=ours.detach()))

    line.write(1.0, b"a letter\r\n", b".\r\nMAIL\r\n")

    assert theirs.recv(100) == b"a letter\r\n.\r\nMAIL\r\n"
    line.close()
    theirs.close()


def test_what_came_is_passed_over_as_a_whole_or_not_at_all():
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(b"220 hello\r\n250 one\r\n250 two\r\n")
    line.reply(1.0)

    passed = line.pass_over(lambda said: said == b"250 one\r\n")
    following = line.reply(1.0)

    assert not passed
    assert following == Reply(250, "one")
    assert line.pass_over(lambda said: said == b"250 two\r\n")
    assert not line.has_more
    line.close()
    theirs.close()
