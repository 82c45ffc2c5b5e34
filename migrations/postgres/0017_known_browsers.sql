-- Browsers that signed in to an account with its password, by the SHA-256 of a cookie. Wrong passwords
-- that others try do not slow them down.
--
-- beside the previous release: yes: a table is added
create table known_browsers (
    user_id text collate "C" not null references users (id) on delete cascade,
    token_hash text collate "C" not null,
    seen_at bigint not null,
    primary key (user_id, token_hash)
);
insert into meta (name, value) values ('beside_17', '16')
    on conflict (name) do update set value = excluded.value;
