//! Files beside the message that is being written. The form's own input holds them; what is pasted
//! or dropped is put into it.

use super::{browser, live_forms::say_trouble, markup, patch::morph_children};
use crate::domain::{ATTACHMENTS_MAX, PICTURE_MAX_BYTES};
use leptos::wasm_bindgen::JsCast;
use web_sys::{
    ClipboardEvent, DataTransfer, DragEvent, Element, Event, EventTarget, File, FileList,
    HtmlInputElement,
};

/// The input of a composer and the list that shows what it holds.
#[derive(Clone)]
pub(super) struct ComposerFiles {
    place: Element,
    input: HtmlInputElement,
    list: Element,
}

impl ComposerFiles {
    /// Those of a composer, and what was chosen before it came to life.
    pub(super) fn of(place: &Element) -> Option<Self> {
        let (input, list) = (
            browser::first(place, "input[type=file]")?,
            browser::first(place, ".attached")?,
        );
        let files = Self {
            place: place.clone(),
            input,
            list,
        };
        files.changed();
        Some(files)
    }

    /// Hears what is chosen, pasted into `area`, dropped on `form` and taken away.
    pub(super) fn listen(&self, form: &EventTarget, area: &EventTarget) {
        let (chosen, pasted, dropped, removed) =
            (self.clone(), self.clone(), self.clone(), self.clone());
        browser::listen(&self.input, "change", move |_| chosen.changed());
        browser::listen(area, "paste", move |event| {
            pasted.add(&event, |event| {
                event.dyn_ref::<ClipboardEvent>()?.clipboard_data()
            })
        });
        browser::listen(form, "dragover", |event| event.prevent_default());
        browser::listen(form, "drop", move |event| {
            dropped.add(&event, |event| {
                event.dyn_ref::<DragEvent>()?.data_transfer()
            })
        });
        browser::listen(&self.list, "click", move |event| {
            let button = browser::happened_in(&event, "[data-remove]");
            if let Some(at) =
                button.and_then(|button| button.get_attribute("data-remove")?.parse().ok())
            {
                removed.remove(at);
            }
        });
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.held().is_empty()
    }

    /// Takes them to send them and leaves the input empty.
    pub(super) fn take(&self) -> Vec<File> {
        let held = self.held();
        self.hold(&[]);
        held
    }

    /// Puts back what could not be sent, before what has been chosen since.
    pub(super) fn give_back(&self, mut kept: Vec<File>) {
        kept.extend(self.held());
        self.hold(&kept);
    }

    /// Puts the files that an event brings beside those that are there; text goes where it always
    /// goes.
    fn add(&self, event: &Event, brought: fn(&Event) -> Option<DataTransfer>) {
        let added = files(brought(event).and_then(|brought| brought.files()));
        if !added.is_empty() {
            event.prevent_default();
            self.hold(&[self.held(), added].concat());
        }
    }

    fn remove(&self, at: usize) {
        let mut kept = self.held();
        if at < kept.len() {
            kept.remove(at);
        }
        self.hold(&kept);
        // The button that had the focus is gone, or it is the next file's now.
        if at >= kept.len() {
            _ = self.input.focus();
        }
    }

    fn held(&self) -> Vec<File> {
        files(self.input.files())
    }

    fn hold(&self, files: &[File]) {
        let Ok(holder) = DataTransfer::new() else {
            return;
        };
        for file in files {
            _ = holder.items().add_with_file(file);
        }
        self.input.set_files(holder.files().as_ref());
        self.changed();
    }

    /// Shows what the input holds; what cannot be sent is put out again, and that is said.
    fn changed(&self) {
        let (mut kept, mut refused) = (Vec::new(), Vec::new());
        for file in self.held() {
            match refusal(kept.len(), &file) {
                Some(why) => refused.push(why),
                None => kept.push(file),
            }
        }
        if refused.is_empty() {
            let names: Vec<String> = kept.iter().map(File::name).collect();
            morph_children(&self.list, &markup::attached(&names));
            browser::show(&self.list, !names.is_empty());
        } else {
            say_trouble(&self.place, Some(&refused.join(" ")));
            self.hold(&kept);
        }
    }
}

fn files(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect())
        .unwrap_or_default()
}

/// Why a file need not be sent; what it is, the server finds out.
fn refusal(before: usize, file: &File) -> Option<String> {
    const MIB: usize = 1024 * 1024;
    if before >= ATTACHMENTS_MAX {
        return Some(format!(
            "“{}” is one too many: a message takes {ATTACHMENTS_MAX} files.",
            file.name()
        ));
    }
    let too_large = file.size() > PICTURE_MAX_BYTES as f64;
    too_large.then(|| {
        format!(
            "“{}” is too large: at most {} MiB.",
            file.name(),
            PICTURE_MAX_BYTES / MIB
        )
    })
}
