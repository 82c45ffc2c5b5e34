//! The few things asked of the browser itself, each harmless where it is missing.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use wasm_bindgen::JsValue;

/// Puts text on the clipboard; by the old command where the page is not a secure context (plain http on a LAN).
pub(super) fn copy(text: &str) {
    let navigator = window().navigator();
    match js_sys::Reflect::get(&navigator, &"clipboard".into()) {
        Ok(clipboard) if !clipboard.is_undefined() => drop(navigator.clipboard().write_text(text)),
        _ => drop(copy_by_command(text)),
    }
}

fn copy_by_command(text: &str) -> Result<(), JsValue> {
    let body = document().body().ok_or(JsValue::NULL)?;
    let area = document().create_element("textarea")?.unchecked_into::<web_sys::HtmlTextAreaElement>();
    area.set_value(text);
    body.append_child(&area)?;
    area.select();
    let command = js_sys::Reflect::get(&document(), &"execCommand".into())?.unchecked_into::<js_sys::Function>();
    let copied = command.call1(&document(), &"copy".into());
    area.remove();
    copied.map(drop)
}

/// The element with this id.
pub(super) fn element(id: &str) -> Option<web_sys::Element> {
    document().get_element_by_id(id)
}

/// Moves the focus to the first element that matches.
pub(super) fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten().and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(found) = found {
        _ = found.focus();
    }
}

/// Goes to a page.
pub(super) fn go_to(path: &str) {
    _ = window().location().set_href(path);
}

/// Sets the theme of this page, and of the next ones by storage and by a cookie for a year; `None` follows the system.
pub(super) fn set_theme(theme: Option<&str>) {
    const YEAR_S: u32 = 31_536_000;
    if let Some(root) = document().document_element() {
        _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
    if let Ok(Some(storage)) = window().local_storage() {
        _ = match theme {
            Some(theme) => storage.set_item("theme", theme),
            None => storage.remove_item("theme"),
        };
    }
    let age = if theme.is_some() { YEAR_S } else { 0 };
    let cookie = format!("theme={}; Path=/; Max-Age={age}; SameSite=Lax", theme.unwrap_or_default());
    _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
}
