"""Rules that find the cause of a job's wait, by what they look at."""
