//! Metrics for Prometheus.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::sync::Mutex;

/// Labels of a handled request.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    /// Pattern of the route, never the path itself.
    pub route: String,
    /// HTTP status.
    pub status: u16,
}

/// Labels of an ended turn.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TurnLabels {
    /// `finished`, `stopped` or `interrupted`.
    pub how: &'static str,
}

/// Labels of a tier.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TierLabels {
    /// Name of the tier.
    pub tier: &'static str,
}

/// Counters of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    /// Handled requests.
    pub requests: Family<RequestLabels, Counter>,
    /// Frames sent on streams.
    pub frames: Counter,
    /// Committed transactions; set when `/metrics` is read.
    pub commits: Gauge,
    /// Reads of the database; set when `/metrics` is read.
    pub reads: Gauge,
    /// Open streams; set when `/metrics` is read.
    pub streams: Gauge,
    /// Ended turns.
    pub turns: Family<TurnLabels, Counter>,
    /// Entries of the assistant that could not be stored; the turn continued without them.
    pub unwritten_entries: Counter,
    /// Entries and turns whose worker was lost.
    pub interrupted: Counter,
    /// How many seconds a tier's oldest entry is overdue; set when `/metrics` is read.
    pub retention_lag: Family<TierLabels, Gauge>,
    /// Retention steps that failed and are retried.
    pub retention_failures: Counter,
    /// Archive objects deleted because nothing referred to them.
    pub retention_orphans: Counter,
    /// Archive objects known to be damaged or missing; set when `/metrics` is read.
    pub archive_damaged: Gauge,
    /// 1 while deletions wait for an admin's confirmation; set when `/metrics` is read.
    pub retention_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("holly");
        let metrics = Self {
            registry: Mutex::new(Registry::default()),
            requests: Family::default(),
            frames: Counter::default(),
            commits: Gauge::default(),
            reads: Gauge::default(),
            streams: Gauge::default(),
            turns: Family::default(),
            unwritten_entries: Counter::default(),
            interrupted: Counter::default(),
            retention_lag: Family::default(),
            retention_failures: Counter::default(),
            retention_orphans: Counter::default(),
            archive_damaged: Gauge::default(),
            retention_waiting: Gauge::default(),
        };
        registry.register("requests", "Requests answered", metrics.requests.clone());
        registry.register("frames", "Frames sent to readers", metrics.frames.clone());
        registry.register(
            "commits",
            "Transactions committed since start",
            metrics.commits.clone(),
        );
        registry.register(
            "reads",
            "Reads of the database since start",
            metrics.reads.clone(),
        );
        registry.register("streams", "Streams open now", metrics.streams.clone());
        registry.register("turns", "Turns that ended", metrics.turns.clone());
        registry.register(
            "unwritten_entries",
            "Entries of the assistant that could not be written",
            metrics.unwritten_entries.clone(),
        );
        registry.register(
            "interrupted",
            "Entries and turns whose worker was lost",
            metrics.interrupted.clone(),
        );
        registry.register(
            "retention_lag_seconds",
            "How late a tier's oldest entry is",
            metrics.retention_lag.clone(),
        );
        registry.register(
            "retention_failures",
            "Steps of retention that failed",
            metrics.retention_failures.clone(),
        );
        registry.register(
            "retention_orphans",
            "Objects deleted that nothing referred to",
            metrics.retention_orphans.clone(),
        );
        registry.register(
            "archive_damaged",
            "Objects that are damaged or missing",
            metrics.archive_damaged.clone(),
        );
        registry.register(
            "retention_waiting",
            "1 while deletions wait for an admin",
            metrics.retention_waiting.clone(),
        );
        Self {
            registry: Mutex::new(registry),
            ..metrics
        }
    }
}

impl Metrics {
    /// All metrics in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let registry = self
            .registry
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        encode(&mut text, &registry).expect("metrics can be written to a String");
        text
    }
}
