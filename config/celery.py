"""The Celery application: queues, beat, and settings that lose no work (docs/architecture.md, section 5)."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init, worker_ready
from kombu import Exchange, Queue

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
        "socket_connect_timeout": 3,
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
    # What must not wait behind the work has a queue of its own; a worker serves both in turn.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in ("work", "pulse")],
    task_routes={"tenants.sweep": {"queue": "pulse"}, "tenants.heartbeat": {"queue": "pulse"}},
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    beat_schedule={
        "sweep": {"task": "tenants.sweep", "schedule": 10.0},
        "heartbeat": {"task": "tenants.heartbeat", "schedule": 15.0},
        "tidy": {"task": "tenants.tidy", "schedule": crontab(hour="3", minute="17")},
        "nightly": {"task": "commitments.reassess_all", "schedule": 3600.0},
        "connections": {"task": "integrations.keep_going", "schedule": 300.0},
    },
    beat_schedule_filename=os.path.join(os.environ.get("CONCORD_HOME", ".concord"), "beat-schedule"),
)
app.autodiscover_tasks()


@worker_init.connect
def refuse_a_role_that_sees_everything(**kwargs: Any) -> None:
    """End the worker with one sentence when row-level security does not bind its database role."""
    from tenants.role_check import exit_unless_confined

    exit_unless_confined()


@worker_ready.connect
def say_that_it_is_ready(**kwargs: Any) -> None:
    """Have the first heartbeat at once instead of at beat's first turn."""
    app.send_task("tenants.heartbeat")
