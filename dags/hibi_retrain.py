"""Every Monday: train each model anew on the labels and posts up to Sunday; the better one answers from then on.

A partition is the Monday. By hand without a partition: up to the day of ``{"date": "2024-01-06"}``, else yesterday.
"""

from __future__ import annotations

import os

from airflow.sdk import DAG, CronPartitionTimetable, task
from hibi_command import DEFAULTS, HibiOperator, answer

DAY = """{{ macros.ds_add(dag_run.partition_key, -1) if dag_run.partition_key
            else (dag_run.conf or {}).get('date', 'yesterday') }}"""

with DAG(
    "hibi_retrain",
    schedule=CronPartitionTimetable("0 5 * * 1", timezone="Asia/Tokyo", key_format="%Y-%m-%d"),
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["hibi"],
):

    @task
    def models() -> list[list[str]]:
        """Name what to train."""
        return [["retrain", name] for name in answer("models", "retrainable")]

    HibiOperator.partial(
        task_id="retrain",
        options=["--until", DAY],
        max_active_tis_per_dagrun=1,  # one after the other: each takes the whole machine
        queue=os.environ.get("HIBI_GPU_QUEUE", "default"),
        map_index_template="{{ task.arguments[1] }}",
    ).expand(arguments=models())
