//! Limits how many streams a user has open at once.

use crate::domain::ids::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts open streams by user.
#[derive(Debug, Clone, Default)]
pub struct StreamLimiter {
    open: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// Permit of one open stream; dropping it releases it.
#[derive(Debug)]
pub struct StreamPermit {
    limiter: StreamLimiter,
    user: UserId,
}

impl StreamLimiter {
    /// A permit for one more stream of a user, unless `limit` are open (0: no limit).
    pub fn acquire(&self, user: UserId, limit: usize) -> Option<StreamPermit> {
        let mut open = self.lock();
        let count = open.entry(user).or_default();
        if limit > 0 && *count >= limit {
            return None;
        }
        *count += 1;
        Some(StreamPermit {
            limiter: self.clone(),
            user,
        })
    }

    /// Number of open streams.
    pub fn open(&self) -> usize {
        self.lock().values().sum()
    }

    /// Number of users with open streams.
    pub fn users(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.limiter.lock();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_permit_is_released_when_its_stream_ends() {
        let (limiter, user) = (StreamLimiter::default(), UserId::from_uuid(Uuid::nil()));
        let one = limiter.acquire(user, 2);
        let two = limiter.acquire(user, 2);
        assert!(one.is_some() && two.is_some() && limiter.acquire(user, 2).is_none());
        drop(one);
        assert!(limiter.acquire(user, 2).is_some());
        drop(two);
        assert_eq!(limiter.open(), 0);
        assert!(limiter.acquire(user, 0).is_some());
    }
}
