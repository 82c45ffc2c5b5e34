//! How many streams a person may hold open at once.

use crate::domain::ids::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Open streams by person.
#[derive(Debug, Clone, Default)]
pub struct StreamLimiter {
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// One open stream; dropping it frees the place.
#[derive(Debug)]
pub struct StreamPermit {
    places: StreamLimiter,
    user: UserId,
}

impl StreamLimiter {
    /// A place for one more stream of a person, unless `limit` are taken (0: no limit).
    pub fn take(&self, user: UserId, limit: usize) -> Option<StreamPermit> {
        let mut taken = self.lock();
        let count = taken.entry(user).or_default();
        if limit > 0 && *count >= limit {
            return None;
        }
        *count += 1;
        Some(StreamPermit {
            places: self.clone(),
            user,
        })
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.lock().values().sum()
    }

    /// How many people have one open.
    pub fn people(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_place_is_free_again_once_its_stream_ends() {
        let (places, user) = (StreamLimiter::default(), UserId::from_uuid(Uuid::nil()));
        let one = places.take(user, 2);
        let two = places.take(user, 2);
        assert!(one.is_some() && two.is_some() && places.take(user, 2).is_none());
        drop(one);
        assert!(places.take(user, 2).is_some());
        drop(two);
        assert_eq!(places.open(), 0);
        assert!(places.take(user, 0).is_some());
    }
}
