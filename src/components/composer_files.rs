//! Files beside the message that is being written. The form's own input holds them, so that they go with it without
//! JavaScript, too; what is pasted or dropped is put into it.

use super::{Icon, composer_send::Sending};
use crate::chat::{ATTACHMENTS_MAX, PICTURE_MAX_BYTES};
use leptos::{
    html::{Form, Input},
    prelude::*,
};
use web_sys::{DataTransfer, File, FileList};

/// The input of a composer and what it holds.
#[derive(Clone, Copy)]
pub(super) struct ComposerFiles {
    /// The form that is sent with them.
    pub(super) form: NodeRef<Form>,
    input: NodeRef<Input>,
    names: RwSignal<Vec<String>>,
    trouble: RwSignal<String>,
}

impl ComposerFiles {
    /// None yet; why files cannot be taken is said in `trouble`.
    pub(super) fn new(trouble: RwSignal<String>) -> Self {
        Self { form: NodeRef::new(), input: NodeRef::new(), names: RwSignal::default(), trouble }
    }

    /// Whether there are any.
    pub(super) fn any(self) -> bool {
        self.names.with_untracked(|names| !names.is_empty())
    }

    /// Puts files that were pasted or dropped beside those that are there. Says whether there were any.
    pub(super) fn add(self, more: Option<FileList>) -> bool {
        let added = files(more);
        let some = !added.is_empty();
        if some {
            self.hold(files(self.held()).into_iter().chain(added));
        }
        some
    }

    /// Takes them to send them and leaves the input empty.
    pub(super) fn take(self) -> Vec<File> {
        let held = files(self.held());
        self.hold(std::iter::empty());
        held
    }

    /// Puts back what could not be sent, before what has been chosen since.
    pub(super) fn give_back(self, kept: Vec<File>) {
        self.hold(kept.into_iter().chain(files(self.held())));
    }

    fn remove(self, at: usize) {
        let kept = files(self.held()).into_iter().enumerate().filter(|(n, _)| *n != at).map(|(_, file)| file);
        self.hold(kept);
    }

    fn held(self) -> Option<FileList> {
        self.input.try_get_untracked().flatten()?.files()
    }

    fn hold(self, files: impl Iterator<Item = File>) {
        let (Some(input), Ok(holder)) = (self.input.try_get_untracked().flatten(), DataTransfer::new()) else { return };
        for file in files {
            _ = holder.items().add_with_file(&file);
        }
        input.set_files(holder.files().as_ref());
        self.changed();
    }

    /// Takes note of what the input holds; what cannot be sent is put out again, and that is said.
    fn changed(self) {
        let held = files(self.held());
        let refused: Vec<String> = held.iter().enumerate().filter_map(|(at, file)| refusal(at, file)).collect();
        if refused.is_empty() {
            self.names.set(held.iter().map(File::name).collect());
        } else {
            self.trouble.set(refused.join(" "));
            self.hold(held.into_iter().enumerate().filter(|(at, file)| refusal(*at, file).is_none()).map(|(_, file)| file));
        }
    }
}

fn files(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect()).unwrap_or_default()
}

/// Why a file need not be sent; what it is, the server finds out.
fn refusal(at: usize, file: &File) -> Option<String> {
    let most = PICTURE_MAX_BYTES;
    match at {
        at if at >= ATTACHMENTS_MAX => Some(format!("“{}” is one too many: a message takes {ATTACHMENTS_MAX} files.", file.name())),
        _ if file.size() > most as f64 => Some(format!("“{}” is too large: at most {} MiB.", file.name(), most / 1024 / 1024)),
        _ => None,
    }
}

/// The button that opens the file chooser.
#[component]
pub(super) fn AttachButton(sending: Sending) -> impl IntoView {
    let files = sending.files;
    view! {
        <label class="attach" title="A picture (PNG, JPEG, GIF, WebP) or a text file">
            <input
                type="file"
                class="unseen"
                name="attachment"
                multiple
                accept="image/png,image/jpeg,image/gif,image/webp,text/*,.md,.csv,.json,.toml,.yaml,.yml,.log,.rs,.py,.js,.ts"
                aria-label="Attach files"
                node_ref=files.input
                on:change=move |_| files.changed()
            />
            <Icon name="clip"/>
            <span aria-hidden="true">"Attach"</span>
        </label>
    }
}

/// What is attached, each with a button that takes it away.
#[component]
pub(super) fn Attached(sending: Sending) -> impl IntoView {
    let files = sending.files;
    let chip = move |(at, name): (usize, String)| {
        let words = format!("Remove {name}");
        view! {
            <li class="chip">
                <span>{name}</span>
                <button type="button" class="plain" aria-label=words on:click=move |_| files.remove(at)><Icon name="x"/></button>
            </li>
        }
    };
    view! {
        <Show when=move || files.names.with(|names| !names.is_empty())>
            <ul class="attached" aria-label="Attached files">
                {move || files.names.get().into_iter().enumerate().map(chip).collect_view()}
            </ul>
        </Show>
    }
}
