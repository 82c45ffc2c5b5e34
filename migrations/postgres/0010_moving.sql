-- While rows move into an object, a few in each transaction: the last entry whose row is gone. Those behind it are still rows.
alter table archive_objects add column moved_to text collate "C";
-- "what is unfinished"
create index archive_objects_moving on archive_objects (user_id) where moved_to is not null;
