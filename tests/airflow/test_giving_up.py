"""In a real Airflow, a task whose time is over terminates its job, and AWS is told why."""

from pathlib import Path

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.dag_tester import DagTester

DAG = Path(__file__).parent / "dags_giving_up" / "giving_up.py"
TASKS = ("in_worker", "in_triggerer")


def test_a_task_whose_time_is_over_terminates_its_job(dag_tester: DagTester) -> None:
    with LocalBatch() as aws:
        aws.script(stuck_in="RUNNING")
        credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        tested = dag_tester.run(
            DAG, "giving_up", environment=credentials | {"AWS_ENDPOINT_URL": aws.url}
        )
        asked = [call.parameters for call in aws.requests if call.operation == "TerminateJob"]
        names = {job["jobId"]: job["jobName"].partition("-")[0] for job in aws.jobs}
    assert tested.states == dict.fromkeys(TASKS, "failed"), tested.output
    reasons = {names[call["jobId"]]: call["reason"] for call in asked}
    assert reasons.keys() == set(TASKS)
    assert all(" did not end by " in reason for reason in reasons.values())
    assert "(DAG giving_up, task in_worker, run " in reasons["in_worker"]
