"""What each role allows, and what a secret looks like."""

from __future__ import annotations

import base64

import pytest

from tutelage.serving.access_keys import Role, is_token, new_token, token_hash

ALLOWED = {
    Role.READ: {Role.READ},
    Role.LOCATE: {Role.LOCATE},
    Role.SURVEY: {Role.READ, Role.LOCATE, Role.SURVEY},
    Role.ADMIN: {*Role},
}


@pytest.mark.parametrize("role", Role)
def test_a_role_allows_what_its_table_says(role: Role) -> None:
    assert {other for other in Role if role.allows(other)} == ALLOWED[role]


def test_a_secret_has_256_bits_and_none_comes_twice() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    for token in tokens:
        assert is_token(token)
        assert len(base64.urlsafe_b64decode(token.removeprefix("ttl_") + "=")) == 32


@pytest.mark.parametrize(
    "text", ["", "ttl_", "a" * 47, "ttl_" + "a" * 42, "ttl_" + "a" * 42 + "\n", "ttl_" + "é" * 43]
)
def test_other_texts_are_no_secret(text: str) -> None:
    assert not is_token(text)


def test_hash_is_sha_256() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
