-- The text of answers that are being written, in parts; `start` is the part's first byte in the answer. The message's row
-- takes the whole text at the end and its parts are deleted.
--
-- beside the previous release: yes: it shows an answer of a newer server only when that has ended
-- An answer whose newer server crashed it settles without its text.
create table answer_parts (
    user_id text collate "C" not null references users (id) on delete cascade,
    message_id text collate "C" not null,
    start bigint not null,
    content text collate "C" not null,
    primary key (user_id, message_id, start)
);
insert into meta (name, value) values ('beside_16', '11')
    on conflict (name) do update set value = excluded.value;
