//! A bounded cache in two generations: when the young one is full it becomes the old one, and what was old goes.
//! Both look-up and insertion are O(1), and nobody can make it grow by sending many tokens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A digest of what was verified, cut to 32 bytes where it is longer: as hard to meet twice.
pub type Key = [u8; 32];

pub struct Cache<V> {
    capacity: usize,
    generations: Mutex<(HashMap<Key, V>, HashMap<Key, V>)>,
}

impl<V: Clone> Cache<V> {
    /// A cache of at most `2 * capacity` entries.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), generations: Mutex::default() }
    }

    pub fn get(&self, key: &Key) -> Option<V> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = generations.0.get(key) {
            return Some(value.clone());
        }
        let value = generations.1.remove(key)?;
        self.store(&mut generations, *key, value.clone());
        Some(value)
    }

    pub fn put(&self, key: Key, value: V) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        self.store(&mut generations, key, value);
    }

    fn store(&self, generations: &mut (HashMap<Key, V>, HashMap<Key, V>), key: Key, value: V) {
        if generations.0.len() >= self.capacity {
            generations.1 = std::mem::take(&mut generations.0);
        }
        generations.0.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_cache_never_grows_past_two_generations() {
        let cache = Cache::new(4);
        cache.put([0; 32], 0);
        for n in 1..100u8 {
            cache.put([n; 32], n);
            assert_eq!(cache.get(&[0; 32]), Some(0));
        }
        let generations = cache.generations.lock().unwrap();
        assert!(generations.0.len() + generations.1.len() <= 8);
    }
}
