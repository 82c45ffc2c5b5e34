-- Who did what: sign-ins, and changes to accounts, keys, holds and roles. People by id only.
--
-- beside the previous release: yes: what it does is not in the table, and it does not empty it
insert into meta (name, value) values ('beside_20', '19')
    on conflict (name) do update set value = excluded.value;
create table audit (
    id text collate "C" primary key,
    at bigint not null,
    action text collate "C" not null,
    outcome text collate "C" not null,
    actor_id text collate "C",
    subject_id text collate "C",
    network text collate "C",
    detail text collate "C"
);
create index audit_by_time on audit (at);
