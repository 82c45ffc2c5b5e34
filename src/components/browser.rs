//! The few things asked of the browser itself, each harmless where it is missing.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use wasm_bindgen::{JsValue, closure::Closure};
use web_sys::{Element, Event, EventTarget, HtmlElement};

/// Hears an event for as long as the page is there; islands never leave it before.
pub(super) fn listen(target: &EventTarget, event: &str, heard: impl FnMut(Event) + 'static) {
    listen_boxed(target, event, Box::new(heard), false);
}

/// Hears an event of everything below `target`, also one that does not rise, such as that a picture
/// is loaded.
pub(super) fn listen_within(target: &EventTarget, event: &str, heard: impl FnMut(Event) + 'static) {
    listen_boxed(target, event, Box::new(heard), true);
}

/// One function for all that is heard, whatever it does: each kind of its own would weigh.
fn listen_boxed(target: &EventTarget, event: &str, heard: Box<dyn FnMut(Event)>, within: bool) {
    let heard = Closure::wrap(heard);
    _ = target.add_event_listener_with_callback_and_bool(
        event,
        heard.as_ref().unchecked_ref(),
        within,
    );
    heard.forget();
}

/// The element that matches `selector` and in which the event happened.
pub(super) fn happened_in(event: &Event, selector: &str) -> Option<Element> {
    event
        .target()?
        .dyn_into::<Element>()
        .ok()?
        .closest(selector)
        .ok()
        .flatten()
}

/// The elements below `root` that match.
pub(super) fn all(root: &Element, selector: &str) -> Vec<Element> {
    let found = root.query_selector_all(selector).ok();
    let found = found
        .into_iter()
        .flat_map(|found| (0..found.length()).filter_map(move |at| found.get(at)));
    found.filter_map(|node| node.dyn_into().ok()).collect()
}

/// The first element below `root` that matches.
pub(super) fn first<T: JsCast>(root: &Element, selector: &str) -> Option<T> {
    root.query_selector(selector)
        .ok()
        .flatten()?
        .dyn_into()
        .ok()
}

/// Shows an element or hides it.
pub(super) fn show(element: &Element, shown: bool) {
    _ = element.toggle_attribute_with_force("hidden", !shown);
}

/// Puts text on the clipboard; by the old command where the page is not a secure context (plain
/// http on a LAN).
pub(super) fn copy(text: &str) {
    let navigator = window().navigator();
    match js_sys::Reflect::get(&navigator, &"clipboard".into()) {
        Ok(clipboard) if !clipboard.is_undefined() => drop(navigator.clipboard().write_text(text)),
        _ => drop(copy_by_command(text)),
    }
}

fn copy_by_command(text: &str) -> Result<(), JsValue> {
    let body = document().body().ok_or(JsValue::NULL)?;
    let area = document()
        .create_element("textarea")?
        .unchecked_into::<web_sys::HtmlTextAreaElement>();
    area.set_value(text);
    body.append_child(&area)?;
    area.select();
    let command = js_sys::Reflect::get(&document(), &"execCommand".into())?
        .unchecked_into::<js_sys::Function>();
    let copied = command.call1(&document(), &"copy".into());
    area.remove();
    copied.map(drop)
}

/// Moves the focus to the first element that matches.
pub(super) fn focus(selector: &str) {
    let found = document()
        .document_element()
        .and_then(|root| first::<HtmlElement>(&root, selector));
    found.iter().for_each(|element| _ = element.focus());
}

/// Whether this element has the focus.
pub(super) fn has_focus(element: &Element) -> bool {
    document().active_element().as_ref() == Some(element)
}

/// Opens a popover.
pub(super) fn open_popover(element: &Element) {
    if let Some(popover) = element.dyn_ref::<HtmlElement>() {
        _ = popover.show_popover();
    }
}

/// Closes the popover around an element.
pub(super) fn close_popover_around(element: &Element) {
    let around = element.closest("[popover]").ok().flatten();
    if let Some(popover) = around
        .as_ref()
        .and_then(|around| around.dyn_ref::<HtmlElement>())
    {
        _ = popover.hide_popover();
    }
}

/// The element with this id.
pub(super) fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

/// Goes to a page.
pub(super) fn go_to(path: &str) {
    _ = window().location().set_href(path);
}

/// Sets the theme of this page, and of the next ones by storage and by a cookie for a year; `None`
/// follows the system.
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
    let cookie = format!(
        "theme={}; Path=/; Max-Age={age}; SameSite=Lax",
        theme.unwrap_or_default()
    );
    _ = js_sys::Reflect::set(&document(), &"cookie".into(), &cookie.into());
}
