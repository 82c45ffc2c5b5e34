//! Retention: no entry is lost while it moves between tiers, nothing remains once it expires.
//! `simulation` is the randomized test's world, `crashes` kills the process at each fail point.

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
mod simulation;
mod slow_archive;
mod update_archived;
