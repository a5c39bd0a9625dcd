//! Numbers that programs hold for what is behind them.
//!
//! Must never take a number that was given back, or that belongs to another table, for one in use:
//! a handle is a place and a random check, and both must fit. Never 0. The table is locked for a
//! moment at a time only.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::Cs;

/// Handles that a process may have of one kind.
const MOST: usize = 1 << 16;

/// The handles of one library.
#[derive(Debug)]
pub(crate) struct Handles<T> {
    places: Mutex<Vec<Option<(u32, Arc<T>)>>>,
}

impl<T> Handles<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Mutex::new(Vec::new()) }
    }

    /// A number for this.
    pub(crate) fn insert(&self, value: Arc<T>) -> Result<u64, Cs> {
        let check = check()?;
        let mut places = self.lock();
        let place = places.iter().position(Option::is_none);
        let place = match place {
            Some(place) => place,
            None if places.len() < MOST => {
                places.push(None);
                places.len() - 1
            }
            None => return Err(Cs::NoResources),
        };
        let low = u32::try_from(place).map_err(|_| Cs::NoResources)?;
        if let Some(free) = places.get_mut(place) {
            *free = Some((check, value));
        }
        Ok(u64::from(check) << 32 | u64::from(low))
    }

    /// What is behind a number.
    pub(crate) fn get(&self, handle: u64) -> Result<Arc<T>, Cs> {
        let (check, place) = parts(handle)?;
        match self.lock().get(place) {
            Some(Some((expected, value))) if *expected == check => Ok(Arc::clone(value)),
            Some(_) | None => Err(Cs::BadHandle),
        }
    }

    /// Gives a number back.
    pub(crate) fn remove(&self, handle: u64) -> Result<Arc<T>, Cs> {
        let (check, place) = parts(handle)?;
        let mut places = self.lock();
        let taken = places
            .get_mut(place)
            .and_then(|entry| entry.take_if(|(expected, _)| *expected == check));
        taken.map(|(_, value)| value).ok_or(Cs::BadHandle)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<(u32, Arc<T>)>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parts(handle: u64) -> Result<(u32, usize), Cs> {
    let check = u32::try_from(handle >> 32).map_err(|_| Cs::BadHandle)?;
    let place = usize::try_from(handle & u64::from(u32::MAX)).map_err(|_| Cs::BadHandle)?;
    Ok((check, place))
}

/// A number that is not 0 and that nobody expects. Its highest bit stays clear: some programs print
/// handles as signed numbers.
fn check() -> Result<u32, Cs> {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty()).map_err(|_| Cs::NoResources)?;
    Ok((u32::from_ne_bytes(bytes) >> 1) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_given_back_or_made_up_are_bad() {
        let handles = Handles::new();
        let first = handles.insert(Arc::new(1)).unwrap();
        let second = handles.insert(Arc::new(2)).unwrap();
        assert_ne!(first, 0);
        assert_eq!(*handles.get(second).unwrap(), 2);
        assert_eq!(*handles.remove(first).unwrap(), 1);
        assert_eq!(handles.get(first), Err(Cs::BadHandle));
        assert_eq!(handles.remove(first), Err(Cs::BadHandle));
        let third = handles.insert(Arc::new(3)).unwrap();
        assert_eq!(third & 0xffff_ffff, first & 0xffff_ffff, "the place is used again");
        assert_eq!(handles.get(first), Err(Cs::BadHandle), "and the old number is not");
        for made_up in [0, 1, u64::MAX, second ^ 1 << 40] {
            assert_eq!(handles.get(made_up), Err(Cs::BadHandle));
        }
    }
}
