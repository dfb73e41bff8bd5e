"""Error answers of LocalBatch."""


class Refusal(Exception):
    """End a call with an AWS error: HTTP status, error code, message."""

    def __init__(self, message: str, code: str = "ClientException", status: int = 400) -> None:
        super().__init__(message, code, status)
        self.message = message
        self.code = code
        self.status = status
