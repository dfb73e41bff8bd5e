"""The prices that a command uses: the built-in table, and the prices file of the user."""

from typing import TYPE_CHECKING

from airflow_fargate_batch.cli._flags import Options, flag, not_empty

if TYPE_CHECKING:
    from airflow_fargate_batch.core.pricing import Prices


class PricesOptions(Options, title="prices"):
    """Option of the commands that name prices."""

    prices_file = flag(
        not_empty,
        metavar="FILE",
        variable="FARGATE_BATCH_PRICES_FILE",
        sources=("~/.config/fargate-batch/prices.json, if it exists",),
        help="JSON file of prices that replace the built-in prices, in the form of "
        "'fargate-batch prices --output json'",
    )

    def known_prices(self) -> "Prices":
        """Return the prices that the command uses.

        :raises InvalidRequest: the prices file cannot be read, or is not a prices file.
        """
        from airflow_fargate_batch._machine.prices import known_prices

        return known_prices(self.prices_file)
