-- An object of the archive is listed whole, in the transaction that deletes its rows. What an earlier
-- release left half filled ends here: the tombstone '>ID' says that no entry behind ID counts in it.
-- Each of those is a row still, or was deleted or moved elsewhere since, so a tombstone for each row
-- would not do. The next run rewrites such an object without them.
--
-- beside the previous release: yes: its runs fail where they would fill an object in parts
-- A run that it has begun ends here; those that fail (the check below) lose nothing. Objects that
-- were half filled it cannot read until the next run of this release has rewritten them. What it
-- changes or deletes of warm rows that a newer run left plain it counts out as their title alone.
insert into meta (name, value) values ('beside_12', '11')
    on conflict (name) do update set value = excluded.value;
update retention_lease set fence = fence + 1, until = 0 where id = 1;
alter table archive_objects
    add constraint archive_objects_listed_whole check (moved_to is null) not valid;
insert into archive_holes (user_id, key, entry_id)
    select user_id, key, '>' || moved_to from archive_objects
    where state = 'active' and moved_to is not null;
update archive_objects set moved_to = null where moved_to is not null;
alter table archive_objects validate constraint archive_objects_listed_whole;
drop index archive_objects_moving;
