//! Computing beside the tasks, so that these do not wait for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{LazyLock, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// Computes on one of the runtime's threads for what takes long: for somebody who waits.
pub(super) async fn aside<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(compute).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // the runtime ends, and this task with it
            Err(_) => std::future::pending().await,
        },
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The thread on which a run computes, one job after the other. It ends with the program.
static BEHIND: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    let work = move || {
        let_others_go_first();
        jobs.iter().for_each(|job| job());
    };
    if let Err(error) = thread::Builder::new().name("retention".into()).spawn(work) {
        tracing::error!(%error, "no thread for retention; it computes on threads of others");
    }
    sender
});

/// Computes on a thread that lets all others go first: whoever writes or reads meanwhile does not wait for a processor.
pub(super) async fn behind_others<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (told, done) = oneshot::channel();
    let job: Job = Box::new(move || drop(told.send(catch_unwind(AssertUnwindSafe(compute)))));
    if let Err(mpsc::SendError(job)) = BEHIND.send(job) {
        aside(job).await;
    }
    match done.await {
        Ok(Ok(done)) => done,
        Ok(Err(panic)) => resume_unwind(panic),
        // the program ends
        Err(_) => std::future::pending().await,
    }
}

/// The thread runs only where a processor has nothing else to do. A low priority among ordinary threads is not enough: Linux lets
/// such a thread end its slice of some milliseconds while others wait. Unit tests, which leave no processor idle, would wait for it.
#[cfg(all(target_os = "linux", not(test)))]
fn let_others_go_first() {
    use thread_priority::{
        NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy, unix,
    };
    let policy = ThreadSchedulePolicy::Normal(Idle);
    if let Err(error) =
        unix::set_thread_priority_and_policy(unix::thread_native_id(), ThreadPriority::Min, policy)
    {
        tracing::debug!(?error, "retention computes with the priority of all others");
    }
}

#[cfg(any(not(target_os = "linux"), test))]
fn let_others_go_first() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_does_so_where_it_was_asked_for_and_the_next_is_done() {
        let panicking = tokio::spawn(behind_others(|| panic!("too much")));
        assert!(panicking.await.is_err_and(|ended| ended.is_panic()));
        assert_eq!(behind_others(|| 6 * 7).await, 42);
    }
}
