//! One sweep through the monitor: everybody once, the same inquiry as ever, and no more.

use std::time::{Duration, Instant};

use crate::app::live::Line;
use crate::app::monitor::Monitor;
use crate::clock;

/// How often an open inquiry is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A monitor after its sweep.
#[derive(Debug)]
pub struct Swept {
    /// What it knows.
    pub monitor: Monitor,
    /// Targets of which no reading came in time.
    pub not_asked: usize,
    /// How long it took.
    pub took: Duration,
}

/// Takes readings until everybody has been heard or found silent and every cause is named, but no longer than
/// `limit`; then the verdict rests on what is known.
pub async fn sweep(mut monitor: Monitor, mut line: Line, began: Instant, limit: Duration) -> Swept {
    let end = began + limit;
    loop {
        let now = clock::now();
        monitor.tick(now, clock::today());
        if now >= end || monitor.is_settled() {
            break;
        }
        let wake = monitor
            .deadline()
            .map_or(end, |deadline| deadline.max(now + LOOK))
            .min(end);
        tokio::select! {
            () = tokio::time::sleep_until(wake.into()) => {}
            reading = line.readings.recv() => {
                let Some(reading) = reading else { break };
                for ask in monitor.apply(&reading, clock::now()) {
                    if line.asks.send(ask).await.is_err() {
                        break;
                    }
                }
            }
        }
    }
    let now = clock::now();
    monitor.finish(now, clock::today());
    Swept {
        not_asked: monitor.unread(),
        took: now.saturating_duration_since(began),
        monitor,
    }
}
