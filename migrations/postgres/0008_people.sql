-- People come by invitation. Of an invitation's secret only the SHA-256 stands here; it is used once and runs out.
create table invitations (
    email text collate "C" not null primary key,
    token_hash text collate "C" not null unique,
    admin bigint not null,
    -- null when it was made on the command line
    invited_by text collate "C" references users (id) on delete cascade,
    created_at bigint not null,
    expires_at bigint not null
);

-- When somebody was last there, to some minutes. Sessions and keys say it too, but they may be gone.
alter table users add column last_active_at bigint;
update users set last_active_at = (select max(last_seen_at) from sessions where sessions.user_id = users.id);

-- What a person used of what costs money, by UTC day; forgotten after a few days.
create table daily_use (
    user_id text collate "C" not null references users (id) on delete cascade,
    day bigint not null,
    tokens bigint not null,
    upload_bytes bigint not null,
    primary key (user_id, day)
);
create index daily_use_by_day on daily_use (day);

-- "how many turns of this person run now"
create index turns_running on turns (user_id) where ended_at is null;
