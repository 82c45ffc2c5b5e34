-- An invitation may be a link with which a user who has an account chooses a new password.
--
-- beside the previous release: yes: it refuses such a link, because the address has an account
insert into meta (name, value) values ('beside_21', '20')
    on conflict (name) do update set value = excluded.value;
alter table invitations add column resets_password bigint not null default 0;
