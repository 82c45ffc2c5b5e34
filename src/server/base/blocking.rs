//! CPU-bound work.

/// Runs CPU-bound work on tokio's blocking threads, so the threads that serve requests stay free. A
/// retention run passes its work (packing, encoding, comparing) in small batches, a few rows or one
/// object each, and pauses between them, so that other work gets a processor.
pub(crate) async fn run_blocking<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(compute).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // cancelled: the runtime is shutting down, and this task with it
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_another_thread_and_its_panic_reaches_the_caller() {
        let caller_thread = std::thread::current().id();
        let panicking = tokio::spawn(run_blocking(|| panic!("too much")));
        assert!(panicking.await.is_err_and(|ended| ended.is_panic()));
        assert_ne!(
            run_blocking(|| std::thread::current().id()).await,
            caller_thread
        );
    }
}
