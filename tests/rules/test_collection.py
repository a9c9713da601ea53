"""How an account's invoices are collected, by its type and what was chosen (domain.md 3)."""

from accounts.rules.capabilities import COLLECTION_METHODS, AccountType, CollectionMethod, collection


def test_each_type_has_the_methods_of_the_table() -> None:
    """By hand: self-service may have either, assisted and managed pay by invoice whatever was chosen."""
    charged, sent = CollectionMethod
    assert {kind: set(methods) for kind, methods in COLLECTION_METHODS.items()} == {
        AccountType.SELF_SERVICE: {charged, sent},
        AccountType.ASSISTED: {sent},
        AccountType.MANAGED: {sent},
    }
    assert collection(AccountType.SELF_SERVICE, charged) is charged
    assert collection(AccountType.SELF_SERVICE, sent) is sent
    assert collection(AccountType.MANAGED, charged) is sent
