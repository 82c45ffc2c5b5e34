-- Splits the entries into one partition for each UTC day, for a PostgreSQL that has outgrown one table. Run it once, with
-- every server stopped:
--     psql -v ON_ERROR_STOP=1 -1 -f docs/scaling/partitions.sql "$DATABASE_URL"
-- and then every day, from cron:    select holly_partitions(14);
--
-- An entry's id is a UUID version 7: it begins with the time of its creation. So the key stays (user_id, id), and a query
-- that names an entry reads one partition. PostgreSQL supports unique indexes over partitions only if they contain the
-- partition column, so two become plain ones. Both rules still hold, because the writer of an entry holds the lock of its
-- owner's row in `heads`, takes the revision from it, and looks up the idempotency key under it.

alter table work_logs rename to work_logs_before;
create table work_logs (like work_logs_before including defaults including constraints) partition by range (id);
create table work_logs_rest partition of work_logs default;
insert into work_logs select * from work_logs_before;
drop table work_logs_before;

alter table work_logs add primary key (user_id, id);
alter table work_logs add foreign key (user_id) references users (id) on delete cascade;
create index work_logs_by_rev on work_logs (user_id, rev);
create index work_logs_of_conversation on work_logs (user_id, conversation_id, id);
create index work_logs_by_idempotency_key on work_logs (user_id, idempotency_key) where idempotency_key is not null;
create index work_logs_by_lease on work_logs (lease_until) where status = 'working';
create index work_logs_of_turn on work_logs (user_id, turn_id) where turn_id is not null;
create index work_logs_by_age on work_logs (storage_status, created_at);

-- The smallest id of a day (RFC 9562, section 5.7: 48 bits of milliseconds come first).
create function holly_first_id(day date) returns text language sql immutable as $$
    select substr(ms, 1, 8) || '-' || substr(ms, 9, 4)
    from (select lpad(to_hex(cast(extract(epoch from day) * 1000 as bigint)), 12, '0') as ms) as hex
$$;

-- The day of an id, which may differ from that of the entry's `created_at` if a clock was set back.
create function holly_day_of(id text) returns date language sql immutable as $$
    select cast(to_timestamp(cast(cast('x0000' || replace(substr(id, 1, 13), '-', '') as bit(64)) as bigint) / 1000) at time zone 'utc' as date)
$$;

-- Creates the partition of a day and moves its entries from the default partition into it.
create function holly_partition(day date) returns void language plpgsql as $$
declare
    first text := holly_first_id(day);
    beyond text := holly_first_id(day + 1);
    name text := 'work_logs_' || to_char(day, 'YYYYMMDD');
begin
    if to_regclass(name) is null then
        execute format('create table %I (like work_logs including all)', name);
        execute format('with moved as (delete from work_logs_rest where id >= %L and id < %L returning *) insert into %I select * from moved',
            first, beyond, name);
        execute format('alter table work_logs attach partition %I for values from (%L) to (%L)', name, first, beyond);
    end if;
end $$;

-- Creates partitions for the next `ahead` days, and for all days of entries in the default partition. Partitions of past
-- days that retention has emptied are dropped: nothing has to be vacuumed.
create function holly_partitions(ahead int, today date default cast(now() at time zone 'utc' as date)) returns void language plpgsql as $$
declare
    day date;
    name text;
    filled boolean;
begin
    for day in select today + n from generate_series(0, ahead) n union select distinct holly_day_of(id) from work_logs_rest order by 1 loop
        perform holly_partition(day);
    end loop;
    for name in select cast(c.relname as text) from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = cast('work_logs' as regclass) and c.relname ~ '^work_logs_\d{8}$'
        and to_date(right(c.relname, 8), 'YYYYMMDD') < today
    loop
        execute format('select exists (select 1 from %I)', name) into filled;
        if not filled then
            execute format('drop table %I', name);
        end if;
    end loop;
end $$;

select holly_partitions(14);
