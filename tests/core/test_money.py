"""Amounts of money, as people and programs read them."""

from decimal import Decimal

import pytest

from airflow_fargate_batch.core.money import shown_amount, shown_range, written_amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.0000 USD"),
        ("0.00001", "less than 0.0001 USD"),
        ("0.00005", "less than 0.0001 USD"),
        ("0.00015", "0.0002 USD"),
        ("99.99994", "99.9999 USD"),
        ("1234.565", "1,234.57 USD"),
    ],
)
def test_people_see_four_decimals_and_two_from_a_hundred(amount: str, text: str) -> None:
    assert shown_amount(Decimal(amount), "USD") == text


def test_a_range_names_the_currency_once() -> None:
    assert shown_range(Decimal("0.3"), Decimal(1), "USD") == "0.3000 to 1.0000 USD"
    assert shown_range(Decimal(1), Decimal(1), "USD") == "1.0000 USD"


def test_programs_get_six_decimals_rounded_half_up() -> None:
    assert written_amount(Decimal("0.0000005")) == 0.000001
    assert written_amount(Decimal("0.1234564")) == 0.123456
