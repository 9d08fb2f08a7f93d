"""The Celery application: queues, beat, and settings that lose no work (docs/architecture.md, section 5)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("concord", task_cls="tenants.task_scope:TenantTask")
app.conf.update(
    broker_url=os.environ.get("REDIS_URL"),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 25,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=840,
    task_soft_time_limit=810,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.2},
    task_default_queue="work",
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    beat_schedule={
        "sweep": {"task": "tenants.sweep", "schedule": 10.0},
        "heartbeat": {"task": "tenants.heartbeat", "schedule": 15.0},
        "nightly": {"task": "commitments.reassess_all", "schedule": 3600.0},
    },
    beat_schedule_filename=os.path.join(os.environ.get("CONCORD_HOME", ".concord"), "beat-schedule"),
)
app.autodiscover_tasks()
