-- The text of answers that are being written, in parts; `start` is the part's first byte in the answer. The message's row
-- takes the whole text at the end and its parts are deleted.
--
-- beside the previous release: no: SQLite has one server at a time
create table answer_parts (
    user_id text not null references users (id) on delete cascade,
    message_id text not null,
    start integer not null,
    content text not null,
    primary key (user_id, message_id, start)
) strict;
