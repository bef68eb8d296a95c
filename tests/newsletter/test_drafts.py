"""What is written with a digest, where many are written at once."""

import re
from uuid import RFC_4122, UUID

import pytest

from newsletter.drafts import _uuids
from subscribers.models import new_token, new_tokens


@pytest.mark.parametrize("n", [0, 1, 3, 200])
def test_each_digest_of_a_batch_gets_a_random_uuid_of_its_own(n):
    made = [UUID(text) for text in _uuids(n)]

    assert len(set(made)) == n
    assert {(uuid.version, uuid.variant) for uuid in made} <= {(4, RFC_4122)}


@pytest.mark.parametrize("n", [0, 1, 2, 3, 200])
def test_tokens_of_one_draw_look_like_those_drawn_alone(n):
    made = new_tokens(n)

    assert len(set(made)) == n
    assert {len(token) for token in made} <= {len(new_token())}
    assert all(re.fullmatch("[A-Za-z0-9_-]+", token) for token in made)
