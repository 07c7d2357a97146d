"""Count the calls of jobs to providers, with their tokens and cost."""

from app.agent.calls import Call
from app.domain.events import Usage
from app.metrics import ProcessMetrics


class CallFigures:
    """Shows calls in the figures of a process."""

    def __init__(self, metrics: ProcessMetrics) -> None:
        self._metrics = metrics

    def completed(self, call: Call, provider: str, seconds: float, usage: Usage) -> None:
        """Count a call that was answered."""
        kind, name = call.kind, self._metrics.provider(provider)
        self._metrics.calls.labels(kind, name, "completed").inc()
        self._metrics.call_seconds.labels(kind, name).observe(seconds)
        self._bill(name, usage)

    def failed(self, call: Call, provider: str, outcome: str, usage: Usage | None = None) -> None:
        """Count a call that failed, and what it cost all the same."""
        name = self._metrics.provider(provider)
        self._metrics.calls.labels(call.kind, name, outcome).inc()
        if usage:
            self._bill(name, usage)

    def _bill(self, name: str, usage: Usage) -> None:
        self._metrics.tokens.labels(name, "input").inc(usage.input_tokens)
        self._metrics.tokens.labels(name, "output").inc(usage.output_tokens)
        if usage.cost_usd is None:
            self._metrics.unpriced.labels(name).inc()
        else:
            self._metrics.cost.labels(name).inc(max(0.0, usage.cost_usd))
