"""The metrics that Prometheus reads at /monitoring/prometheus/metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily

_SECONDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3.5, 5, 10, 20, 40, 80)


class Metrics:
    """The metrics of one server.

    Args:
        in_flight: Returns how many requests run or wait now.
        versions: Returns the numbers of the versions that are served now.
    """

    def __init__(self, in_flight: Callable[[], int], versions: Callable[[], list[int]]):
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tfpaint_requests",
            "Requests answered, by protocol, signature and gRPC status code.",
            ["protocol", "signature", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tfpaint_request_seconds",
            "Time from a request's arrival to its answer, waiting included.",
            ["protocol"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.waiting = Histogram(
            "tfpaint_queue_seconds",
            "Time that requests waited for a worker.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        Gauge(
            "tfpaint_requests_in_flight", "Requests that run or wait.", registry=self.registry
        ).set_function(in_flight)
        self._versions = versions
        self.registry.register(self)

    def collect(self):
        """The gauge with a line for each version."""
        served = GaugeMetricFamily(
            "tfpaint_model_version", "1 for each version that is served.", labels=["version"]
        )
        for version in self._versions():
            served.add_metric([str(version)], 1)
        yield served
