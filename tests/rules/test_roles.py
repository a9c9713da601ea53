"""Which roles who gives roles alone gives."""

from accounts.rules.roles import Role, given_by_owner


def test_a_role_that_sees_or_changes_something_is_given_by_who_gives_roles() -> None:
    assert {role for role in Role if not given_by_owner(role)} == {Role.AGENT, Role.LIGHT_AGENT}
