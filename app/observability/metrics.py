"""Prometheus metrics of a process.

In: figures as they happen. Out: text. Never here: a path, an id, anything of which there are as many as clients care to send.
"""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

# Otherwise every series has a second one with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the package leaves this one untyped

REQUESTS = Counter(
    "tallylight_requests", "Requests answered; the route is its template, never the path.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "tallylight_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS = Counter("tallylight_events", "Events by outcome: accepted, duplicates, conflicts, parked, rejected.", ["outcome"])
EVENTS_BY_TYPE = Counter("tallylight_events_by_type", "Events that a flush has stored, by type and outcome.", ["type", "outcome"])
EVENT_LAG_SECONDS = Histogram(
    "tallylight_event_lag_seconds",
    "Seconds from an event's time to its commit, of one event per flush; imports are left out.",
    buckets=(0.1, 0.3, 1, 3, 10, 30, 60, 300, 3_600, 86_400),
)
DEAD_LETTERS = Counter("tallylight_dead_letters", "Dead letters written.")
FLUSH_EVENTS = Histogram(
    "tallylight_flush_events", "Events in one commit.", buckets=(1, 3, 10, 30, 100, 300, 1_000, 2_000, 5_000)
)
FLUSH_SECONDS = Histogram(
    "tallylight_flush_seconds",
    "Seconds of one commit, from its first event to its end.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
COMMIT_SECONDS = Histogram(
    "tallylight_commit_seconds",
    "Seconds of the wait for the WAL flush at the end of a commit.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.5),
)
QUEUED = Gauge("tallylight_queue_depth", "Events waiting for their commit.")
DEFERRED = Gauge("tallylight_deferred_events", "Events whose session is locked; they are tried apart from the others.")
SERVER_FAULTS = Counter("tallylight_server_faults", "Events and commits that failed by a fault of the server; alarm on any.")
JOBS = Counter(
    "tallylight_jobs",
    "Attempts of jobs, by outcome: done, retried or failed. A poll that fails is done: its connection states why.",
    ["job", "outcome"],
)
JOB_WAIT_SECONDS = Histogram(
    "tallylight_job_wait_seconds",
    "Seconds from a job's creation to the beginning of an attempt.",
    ["job"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 3_600, 86_400),
)
MESSAGES = Counter("tallylight_channel_messages", "Requests to channels, by kind and outcome.", ["kind", "outcome"])
CONNECTIONS = Gauge(
    "tallylight_database_connections", "Open and idle connections of the pools, by pool and state.", ["pool", "state"]
)
REPLICA_READS = Counter(
    "tallylight_replica_reads",
    "Reports and pages of exports by where they were read: the replica (replica, waited) or the database instead.",
    ["outcome"],
)
SUBSCRIBERS = Gauge("tallylight_stream_subscribers", "Event streams that are open.")
STREAM_SECONDS = Histogram(
    "tallylight_stream_seconds",
    "Seconds to compute one session's update for all subscribers.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
DROPPED = Counter("tallylight_stream_dropped", "Event streams aborted because their client read too slowly.")


def metrics_text() -> tuple[bytes, str]:
    """Return all metrics of the process and their media type, as Prometheus reads them."""
    return generate_latest(), CONTENT_TYPE_LATEST
