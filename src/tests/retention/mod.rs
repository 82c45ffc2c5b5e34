//! Retention: nothing lost on the way, nothing left at the end.

mod any_text;
mod canaries;
mod copy;
mod crashes;
mod damage;
mod dictionary;
mod files;
mod full;
mod lag;
mod last_release;
mod model;
mod object_names;
mod objects;
mod old_nul;
mod packing;
mod read_back;
mod restore;
mod rules;
mod s3;
mod slow_archive;
mod update_archived;
mod world;
