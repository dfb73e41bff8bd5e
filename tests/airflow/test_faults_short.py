"""One fault in all modes; `python -m tests.faults` tries every fault."""

from tests.airflow.dag_tester import DagTester
from tests.faults._line import OURS, submit_under
from tests.faults._troubles import CUT


def test_lost_answers_leave_one_job_for_each_submit(dag_tester: DagTester) -> None:
    cells = submit_under(CUT, submits=3, tester=dag_tester)
    ours = [cell for cell in cells if cell.mode in OURS]
    assert len(ours) == len(OURS)
    assert [cell for cell in ours if not cell.is_as_expected] == []
