from newsletter.outcomes import quoted


def test_a_reply_is_kept_as_one_short_line_without_addresses():
    said = quoted("550 5.1.1 <ada@example.org>:\r\n no such\x00 user ‮" + "x" * 400)

    assert said.startswith("550 5.1.1 <‹address›>: no such user")
    assert len(said) == 300
    assert "‮" not in said
