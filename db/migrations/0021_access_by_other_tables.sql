-- Access that is given and taken by rows which name no user: a group gets or loses a wall, a wall becomes private, a
-- plan ends. Such a row names the wall, or a group, or nobody. Each kind has its trigger function; what it notes tells
-- servers whom to ask for again. Who has lost a wall can be read nowhere any more when the transaction ends, so
-- servers find them in what they remember (kind members); who has gained it is read then, and noted by name. Where
-- that costs too much, or cannot be told, everybody is asked for again (kind everybody): never too few.

alter table pollster.access_changes drop constraint access_changes_kind_check,
    add constraint access_changes_kind_check
        check (kind in ('access', 'members', 'everybody', 'author', 'wall', 'removed', 'everything'));
comment on table pollster.access_changes is
    'lately changed: access of a user, a wall''s members or everybody, an author''s name, what entries show, or all';

-- Internal. Anybody may have lost or gained any wall. Says all there is to say of this transaction's changes of
-- access. wall_id 0, so that the index finds it; the servers of the version before take it for a note of a wall that
-- is none.
create function pollster.note_everybody() returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if not pollster.everybody_noted() then
        insert into pollster.access_changes (user_id, wall_id, kind, changed_by, changed_at)
            values (0, 0, 'everybody', pg_current_xact_id(), clock_timestamp());
        perform pollster.hint('pollster_access', '0');
    end if;
end $$;
create function pollster.everybody_noted() returns boolean
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return exists (select from pollster.access_changes c
                   where c.changed_by = pg_current_xact_id() and c.wall_id = 0 and c.kind = 'everybody');
end $$;

-- Internal. The access of these users, unless this transaction has noted it already; of very many: of everybody.
create function pollster.note_access_changes(a_users bigint[]) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    most constant bigint := 1000;
    noted bigint[];
begin
    if pollster.everybody_noted() then
        return;
    end if;
    noted := array(select c.user_id from pollster.access_changes c
                   where c.changed_by = pg_current_xact_id() and c.wall_id is null
                       and c.kind = 'access' limit 5 * most + 1);
    if cardinality(a_users) > most or cardinality(noted) > 5 * most then
        perform pollster.note_everybody();
        return;
    end if;
    perform pollster.note_access_change(u.id)
        from (select unnest(a_users) as id except select unnest(noted)) u where u.id is not null;
end $$;

-- Internal. Who sees this wall has changed; of very many walls: all. One note a wall and transaction; user_id -1:
-- those who see it now have been told by name.
create function pollster.note_members(a_wall bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    most constant bigint := 100; -- walls
begin
    if pollster.everybody_noted() or exists (
            select from pollster.access_changes c where c.changed_by = pg_current_xact_id() and c.wall_id = a_wall
                and c.kind = 'members' and c.user_id = 0) then
        return;
    elsif (select count(*) from (select from pollster.access_changes c where c.changed_by = pg_current_xact_id()
                                     and c.kind = 'members' limit most) n) = most then
        perform pollster.note_everybody();
    else
        insert into pollster.access_changes (user_id, wall_id, kind, changed_by, changed_at)
            values (0, a_wall, 'members', pg_current_xact_id(), clock_timestamp());
        perform pollster.hint('pollster_access', '0');
    end if;
end $$;

-- Fires when all other deferred triggers have: then everybody who is to see the wall does.
create function pollster.members_noted() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    most constant bigint := 1000;
begin
    update pollster.access_changes c set user_id = -1
        where c.changed_by = pg_current_xact_id() and c.wall_id = new.wall_id and c.kind = 'members' and c.user_id = 0;
    if not pollster.everybody_noted() then
        perform pollster.note_access_changes(array(
            select distinct pollster.id_of(m.user_id) from pollster.memberships m
            where m.wall_id = new.wall_id limit most + 1));
    end if;
    return null;
exception when others then
    if left(sqlstate, 2) in ('40', '53', '55', '57') then -- the transaction cannot go on, or may be repeated
        raise;
    end if;
    perform pollster.note_everybody(); -- a row of the view cannot be read
    return null;
end $$;
create constraint trigger members_noted after insert on pollster.access_changes
    deferrable initially deferred for each row when (new.kind = 'members') execute function pollster.members_noted();

-- The triggers below are for `create constraint trigger ... after insert or update or delete on <table> deferrable
-- initially deferred for each row`, and for `create trigger ... after truncate on <table> for each statement`.

-- Internal: does the row lack that column, or hold something in it that is neither null nor a number?
create function pollster.is_no_number(row_of jsonb, name text) returns boolean language sql immutable parallel safe
    return row_of is not null
        and not (row_of ? name and (row_of ->> name is null or jsonb_typeof(row_of -> name) = 'number'
                                    or pollster.id_in(row_of, name) is not null));

-- As in 0017, for tables whose rows name a user. A row in which the column is missing, or holds what is no number (a
-- uuid), tells of nobody and so of everybody; null is nobody. Further arguments are the columns of the name, on
-- whichever table they are.
create or replace function pollster.access_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    columns text[] := array[coalesce(tg_argv[0], 'user_id')];
    old_row jsonb;
    new_row jsonb;
    was bigint;
    is_now bigint;
    renamed boolean := false;
begin
    if tg_op = 'TRUNCATE' then
        perform pollster.note_everything();
        return null;
    end if;
    for i in 1 .. tg_nargs - 1 loop
        columns := columns || tg_argv[i];
    end loop;
    if tg_op <> 'INSERT' then
        old_row := pollster.row_of(old, variadic columns);
        was := pollster.id_in(old_row, columns[1]);
        perform pollster.note_access_change(was);
    end if;
    if tg_op <> 'DELETE' then
        new_row := pollster.row_of(new, variadic columns);
        is_now := pollster.id_in(new_row, columns[1]);
        if is_now is distinct from was then
            perform pollster.note_access_change(is_now);
        end if;
    end if;
    if pollster.is_no_number(old_row, columns[1]) or pollster.is_no_number(new_row, columns[1]) then
        perform pollster.note_everybody();
    end if;
    if tg_nargs > 1 then
        renamed := is_now is distinct from was;
        for i in 1 .. tg_nargs - 1 loop
            renamed := renamed or (old_row -> tg_argv[i]) is distinct from (new_row -> tg_argv[i]);
        end loop;
        if renamed and was is not null then
            perform pollster.note_author(was);
        end if;
        if renamed and is_now is not null and is_now is distinct from was then
            perform pollster.note_author(is_now);
        end if;
    end if;
    return null;
end $$;

-- For tables whose rows name a wall: everybody on that wall may have lost it, or gained it. Argument: the column of
-- the wall's id, if it is not called wall_id. A row in which it holds no id may concern any wall.
create function pollster.access_changed_of_wall() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_wall text := coalesce(tg_argv[0], 'wall_id');
    wall bigint;
begin
    if tg_op = 'TRUNCATE' then
        perform pollster.note_everybody();
        return null;
    end if;
    if tg_op <> 'INSERT' then
        wall := pollster.id_in(pollster.row_of(old, c_wall), c_wall);
        if wall is null then
            perform pollster.note_everybody();
        else
            perform pollster.note_members(wall);
        end if;
    end if;
    if tg_op <> 'DELETE' then
        wall := pollster.id_in(pollster.row_of(new, c_wall), c_wall);
        if wall is null then
            perform pollster.note_everybody();
        else
            perform pollster.note_members(wall);
        end if;
    end if;
    return null;
end $$;

-- For tables whose rows name a group, or anything else that leads to users: its column, then how to get from its value
-- to them, as a table, its column of that value, and its column of the user's id; and so on from there, three
-- arguments a step. What leads nowhere tells of everybody.
create function pollster.access_changed_of_group() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    most constant integer := 1000;
    found_at text[] := '{}'; -- values, from step to step
    by_table regclass;
    by_type text;
begin
    if tg_op = 'TRUNCATE' or tg_nargs < 4 or tg_nargs % 3 <> 1 then
        perform pollster.note_everybody();
        return null;
    elsif pollster.everybody_noted() then
        return null;
    end if;
    if tg_op <> 'INSERT' then
        found_at := found_at || (pollster.row_of(old, tg_argv[0]) ->> tg_argv[0]);
    end if;
    if tg_op <> 'DELETE' then
        found_at := found_at || (pollster.row_of(new, tg_argv[0]) ->> tg_argv[0]);
    end if;
    if array_position(found_at, null) is not null then
        perform pollster.note_everybody();
        return null;
    end if;
    for step in 0 .. tg_nargs / 3 - 1 loop
        by_table := coalesce(to_regclass(format('%I.%I', tg_table_schema, tg_argv[3 * step + 1])),
                             tg_argv[3 * step + 1]::regclass);
        select format_type(a.atttypid, null) into by_type from pg_attribute a
            where a.attrelid = by_table and a.attname = tg_argv[3 * step + 2] and not a.attisdropped;
        execute format('select array(select distinct t.%1$I::pg_catalog.text from %2$s t '
                       'where t.%3$I = any ($1::%4$s[]) limit %5$s)',
                       tg_argv[3 * step + 3], by_table, tg_argv[3 * step + 2], by_type, most + 1)
            into found_at using found_at;
        if cardinality(found_at) > most then
            perform pollster.note_everybody();
            return null;
        end if;
    end loop;
    -- An id of the last step that is none belongs to nobody, if it is a number.
    perform 1::numeric + u.id::numeric from unnest(found_at) u(id);
    perform pollster.note_access_changes(array(select pollster.id_in(jsonb_build_object('id', u.id), 'id')
                                               from unnest(found_at) u(id)));
    return null;
exception when others then
    if left(sqlstate, 2) in ('40', '53', '55', '57') then
        raise;
    end if;
    perform pollster.note_everybody(); -- no such table or column, a value of another type
    return null;
end $$;

-- For tables whose rows name none of these, and tables that lead to users in a way that no steps describe (groups of
-- groups).
create function pollster.access_changed_of_all() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform pollster.note_everybody();
    return null;
end $$;

-- For an application whose views give and take access in a way that no trigger can see: by the time of day, by a
-- materialized view, by a table of another database. Of one wall, or of all.
create function pollster.refresh_access(a_wall bigint default null) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if a_wall is null then
        perform pollster.note_everybody();
    else
        perform pollster.note_members(a_wall);
    end if;
end $$;

revoke execute on function pollster.note_everybody, pollster.everybody_noted, pollster.note_access_changes,
    pollster.note_members, pollster.members_noted, pollster.access_changed_of_wall, pollster.access_changed_of_group,
    pollster.access_changed_of_all, pollster.refresh_access from public;
