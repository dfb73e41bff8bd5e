from nightly import dag


def prepare(aws):
    aws.create_queue("nightly")
    aws.register_job_definition("etl", vcpu="1", memory=2048)


def test_the_report_waits_for_the_load(local_batch_running):
    prepare(local_batch_running)
    assert dag.test().state == "success"
    load, report = local_batch_running.jobs
    assert report["dependsOn"] == [{"jobId": load["jobId"]}]
    assert (load["status"], report["status"]) == ("SUCCEEDED", "SUCCEEDED")


def test_a_load_that_fails_fails_the_run(local_batch_running):
    prepare(local_batch_running)
    local_batch_running.script("*load*", exit_code=1)
    assert dag.test().state == "failed"


def test_the_commands_do_what_they_should(local_batch_commands):
    prepare(local_batch_commands)
    assert dag.test().state == "success"
    events = local_batch_commands.client("logs").filter_log_events(logGroupName="/aws/batch/job")
    said = [event["message"] for event in events["events"]]
    assert said == ["loaded 3 rows", "reported on nightly"]
