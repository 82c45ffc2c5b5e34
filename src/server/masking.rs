//! tmp
/// tmp
pub fn mask_entry(_e: &mut crate::work_log::WorkLogEntry) {}
/// tmp
pub fn mask(t: &str) -> (String, usize) {
    (t.to_owned(), 0)
}
