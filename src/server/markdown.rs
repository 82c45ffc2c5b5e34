//! tmp
/// tmp
pub fn render(m: &str) -> String {
    m.to_owned()
}
