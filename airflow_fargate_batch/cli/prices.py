"""``fargate-batch prices``: show the known prices of Fargate, or read today's from AWS."""

import argparse
import os
from functools import partial
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import OK, REFUSED
from airflow_fargate_batch.cli._flags import switch
from airflow_fargate_batch.cli._prices import PricesOptions
from airflow_fargate_batch.cli._shared_options import ConnectionOptions, TableOptions
from airflow_fargate_batch.core.pricing import Prices, Rate, StorageRate


class PricesCommandOptions(ConnectionOptions, PricesOptions, TableOptions, title="prices"):
    """Options of ``prices``."""

    refresh = switch(
        help="read the prices of --region from AWS's price list API, and keep them in the prices "
        "file",
    )


COLUMNS: Final = ("region", "platform", "vCPU-hour", "GB-hour", "currency", "as of", "source")
STORAGE: Final = "storage"

EPILOG: Final = """\
examples:
  show all known prices
    {prog}

  read the prices of a region from AWS
    {prog} --refresh --region eu-central-1

Prices are on demand. On Fargate Spot AWS charges up to 70 % less, and the price floats. A row
"storage" is the price of a GB of ephemeral storage above 20 GB. --refresh needs the IAM action
pricing:GetProducts.
text has the columns {columns}, separated by tabs. json is a prices file.
exit codes: 0 done; 1 AWS refused or has no Fargate prices for the region; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--refresh --region REGION] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog, columns=", ".join(COLUMNS))
    PricesCommandOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the known prices, or the prices just read."""
    options = PricesCommandOptions(arguments, os.environ)
    if not options.refresh:
        _show(options.known_prices(), options.form)
        return OK
    return _refresh(options)


def _refresh(options: PricesCommandOptions) -> int:
    # Here, because a command that calls no AWS must not wait for botocore.
    from airflow_fargate_batch._machine.prices import add_to_file
    from airflow_fargate_batch.cli._clients import connect_prices, persist, region_of

    region = region_of(options)
    api = connect_prices(options)
    prices = persist(partial(api.prices, region))
    if not prices.rates:
        _console.error(
            f"AWS's price list has no prices of Fargate in {region}. Check the region's name."
        )
        return REFUSED
    path = add_to_file(options.prices_file, prices)
    _console.note(f"Wrote {len(prices.rates) + len(prices.storage)} prices of {region} to {path}.")
    _show(prices, options.form)
    return OK


def _show(prices: Prices, form: str) -> None:
    if form == "json":
        _console.data(_console.as_json(prices.to_json()))
        return
    rows = [_row(rate) for _, rate in sorted(prices.rates.items())]
    rows += [_storage_row(rate) for _, rate in sorted(prices.storage.items())]
    rows.sort(key=lambda row: row[0])
    _console.data(_console.table(COLUMNS, rows) if form == "table" else _console.text(rows))


def _row(rate: Rate) -> tuple[str, ...]:
    amounts = (f"{rate.vcpu_hour:f}", f"{rate.gb_hour:f}")
    return rate.region, rate.platform.value, *amounts, rate.currency, rate.as_of, rate.source


def _storage_row(rate: StorageRate) -> tuple[str, ...]:
    amounts = ("", f"{rate.gb_hour:f}")
    return rate.region, STORAGE, *amounts, rate.currency, rate.as_of, rate.source
