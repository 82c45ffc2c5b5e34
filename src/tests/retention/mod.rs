//! Retention: nothing lost on the way, nothing left at the end.

mod any_text;
mod canaries;
mod changing;
mod copying;
mod crashes;
mod damage;
mod dictionary;
mod files;
mod full;
mod lag;
mod last_release;
mod model;
mod names;
mod objects;
mod old_nul;
mod packing;
mod read_back;
mod restoring;
mod s3;
mod steps;
mod waiting;
mod world;
