"""From a job's id to its end: polling, logs, verdict."""
