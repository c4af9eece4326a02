"""Every night at three: take in what came, and make the report of the day that ended. A partition is a day in Japan.

All days up to the partition's are brought up to date, as the report looks back, posts come late and nights are missed;
nothing is done twice. By hand without a partition: the day of ``{"date": "2024-01-06"}``, else yesterday.
"""

from __future__ import annotations

import os

from airflow.sdk import DAG, CronPartitionTimetable, chain
from hibi_command import DEFAULTS, HibiOperator

DAY = "{{ dag_run.partition_key or (dag_run.conf or {}).get('date', 'yesterday') }}"

with DAG(
    "hibi_daily",
    schedule=CronPartitionTimetable("0 3 * * *", timezone="Asia/Tokyo", run_offset=-1, key_format="%Y-%m-%d"),
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["hibi"],
):
    chain(
        *(
            HibiOperator(
                task_id=stage,
                arguments=["run", "--through", stage],
                options=["--until", DAY],
                partly_goes_on=stage != "report",
                queue=os.environ.get("HIBI_GPU_QUEUE", "default") if stage == "predict" else "default",
            )
            for stage in ("ingest", "count", "predict", "report")
        )
    )
