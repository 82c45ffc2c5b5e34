-- When the user of a session last gave the password, or signed in with the provider. Null: not known, so
-- they are asked before they change who may do what.
--
-- beside the previous release: yes: it ignores the column
insert into meta (name, value) values ('beside_18', '17')
    on conflict (name) do update set value = excluded.value;
alter table sessions add column confirmed_at bigint;
