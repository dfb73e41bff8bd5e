"""The call of AWS's price list API: GetProducts."""

from typing import Any, Final

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.service import ServiceApi
from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import price_list
from airflow_fargate_batch.core.pricing import Prices
from airflow_fargate_batch.exceptions import AccessDenied, AwsError

ACTION: Final = "pricing:GetProducts"
MOST_PAGES: Final = 200
"""Pages of products of one region; AWS has a few. More means that the pages never end."""


class PriceListApi(ServiceApi):
    """GetProducts; the client's region must be ``price_list.API_REGION``."""

    service = "pricing"
    client: Any

    def prices(self, region: str) -> Prices:
        """Read the prices of Fargate in a region, in one request for each page.

        :raises AwsError: as in ``BatchApi``.
        """
        products: list[object] = []
        next_token: str | None = None
        for _ in range(MOST_PAGES):
            page, next_token = self._page(region, next_token)
            products += page
            if next_token is None:
                return price_list.prices_of(products)
        raise AwsError(f"AWS's price list of {region} has more than {MOST_PAGES} pages")

    def _page(self, region: str, next_token: str | None) -> tuple[list[object], str | None]:
        try:
            with translated("GetProducts"):
                answer = self.client.get_products(**price_list.request(region, next_token))
                products: object = answer.get("PriceList")
                if not isinstance(products, list):
                    raise ValueError("no list of products in the answer")  # noqa: TRY004 - an answer
                return products, read.text(answer.get("NextToken"))
        except AccessDenied as error:
            raise AccessDenied(error.message, ACTION) from error
