//! How many files and connections the process may have open.

use crate::server::base::log_targets;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What is assumed where the system does not say.
const ASSUMED: u64 = 1_024;
/// What macOS accepts where its hard limit says "infinite".
const OPEN_MAX: u64 = 10_240;

/// Raises the limit of open files as far as the system allows (`RLIMIT_NOFILE`, from the soft to
/// the hard limit), and returns it.
pub fn raise_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return ASSUMED;
    };
    if soft >= hard {
        return soft;
    }
    let accepts = |limit: &u64| setrlimit(Resource::RLIMIT_NOFILE, *limit, hard).is_ok();
    let more = [hard, OPEN_MAX].into_iter();
    let raised = more
        .filter(|limit| (soft + 1..=hard).contains(limit))
        .find(accepts);
    if raised.is_none() {
        tracing::warn!(
            target: log_targets::SERVE_LISTENER,
            soft, hard,
            "the limit of open files cannot be raised; raise it where Holly is started \
             (LimitNOFILE, ulimit -n)"
        );
    }
    raised.unwrap_or(soft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let (before, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let raised = raise_limit();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(raised == soft && soft >= before, "{before} {raised} {soft}");
        assert!(
            soft == hard || cfg!(not(target_os = "linux")),
            "{soft} {hard}"
        );
    }
}
