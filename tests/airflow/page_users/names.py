"""Names of the user with fewer permissions, and of the DAG that this user may not see."""

RESTRICTED = "restricted"
PRIVATE = "private"
