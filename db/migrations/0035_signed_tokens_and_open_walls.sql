-- Readers without a session. A server may know from elsewhere who asks: from a token that an application has signed,
-- which names a user or the walls themselves. And a wall may be open for reading, to whoever asks: those in the view
-- open_walls, which an application may define over its own tables as it does the five of the contract. A row of a wall
-- that does not exist opens nothing.

create table pollster_default.open_walls (
    wall_id bigint primary key -- of the view of walls, whatever it lies over
);
create view pollster.open_walls as select wall_id from pollster_default.open_walls;
comment on view pollster.open_walls is 'contract, may be left as it is: walls that everybody may read, also without an account';

-- Ascending. No settings, so that the planner puts it into statements, as all here without _careful (migration
-- unreadable_rows).
create function pollster.walls_open_to_all() returns table (id bigint) language sql stable parallel safe
as $$
    select w.id from (select distinct pollster.id_of(o.wall_id) as id from pollster.open_walls o) o
    cross join lateral pollster.existing_wall(o.id) w order by 1
$$;
create function pollster.walls_open_to_all_careful() returns table (id bigint)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    opened bigint[];
begin
    begin
        opened := array(select distinct pollster.id_of(o.wall_id) from pollster.open_walls o);
    exception when others then
        if pollster.is_trouble(sqlstate) then
            raise;
        end if;
        return; -- rows of a list cannot be told apart, so none of them counts
    end;
    return query select w.id from unnest(opened) o(id) cross join lateral pollster.existing_wall_careful(o.id) w order by 1;
end $$;
create function pollster.is_open(a_wall bigint) returns boolean language sql stable parallel safe
as $$
    select exists (select from pollster.open_walls o where o.wall_id = a_wall offset 0)
        and exists (select from pollster.walls w where w.id = a_wall offset 0)
$$;
create function pollster.is_open_careful(a_wall bigint) returns boolean
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from pollster.open_walls o where o.wall_id = a_wall)
        and exists (select from pollster.existing_wall_careful(a_wall));
exception when others then
    if pollster.is_trouble(sqlstate) then
        raise;
    end if;
    return false;
end $$;

-- Who that is, by n, the place in the arrays, and which walls are theirs to read. A user without walls ('') has those
-- that he is a member of. Walls ('{1,2}') without a user (0) are a guest's, as far as they exist. Neither: a guest of
-- the open walls. A user who is disabled or gone has no row.
create function pollster.who_by_token(a_users bigint[], a_walls text[])
    returns table (n bigint, user_id bigint, user_name text, walls bigint[])
    language sql stable parallel safe
as $$
    select asked.n, asked.id, pollster.name_of(u.name::text),
           case when asked.walls <> '' then array(select distinct w.id from unnest(asked.walls::bigint[]) named(id)
                                                  cross join lateral pollster.existing_wall(named.id) w order by 1)
                when asked.id = 0 then array(select w.id from pollster.walls_open_to_all() w)
                else array(select w.id from pollster.walls_of(asked.id) w order by 1) end
    from unnest(a_users, a_walls) with ordinality asked(id, walls, n)
    left join lateral (select x.id, x.name from pollster.users x where x.id = asked.id and not x.disabled limit 1) u on true
    where asked.id = 0 or u.id is not null
    order by asked.n
$$;
create function pollster.who_by_token_careful(a_users bigint[], a_walls text[])
    returns table (n bigint, user_id bigint, user_name text, walls bigint[])
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    owner record;
begin
    for i in 1..cardinality(a_users) loop
        begin
            n := i;
            user_id := a_users[i];
            user_name := '';
            if a_users[i] <> 0 then
                select pollster.name_of(u.name::text) as name, not u.disabled as enabled into owner
                    from pollster.users u where u.id = a_users[i] limit 1;
                continue when owner.enabled is not true;
                user_name := owner.name;
            end if;
            walls := case when a_walls[i] <> '' then array(select distinct w.id from unnest(a_walls[i]::bigint[]) named(id)
                                                           cross join lateral pollster.existing_wall_careful(named.id) w order by 1)
                          when a_users[i] = 0 then array(select w.id from pollster.walls_open_to_all_careful() w)
                          else array(select w.id from pollster.walls_of_careful(a_users[i]) w) end;
            return next;
        exception when others then
            if pollster.is_trouble(sqlstate) then
                raise;
            end if;
        end;
    end loop;
end $$;

-- As in 0031. Whoever has no session is told from one by the length of what stands in its place, of which the server has
-- made sure: 'user', a user named by a token; 'walls', a token that names this wall, and maybe a user; 'open', nobody.
create or replace function pollster.access_of(a_session bytea, a_user bigint, a_wall bigint)
    returns table (signed_in boolean, member boolean)
    language sql stable parallel safe
as $$
    select s.good, s.good and case
               when octet_length(a_session) = 32 or a_session = 'user' then
                   exists (select from pollster.memberships m join pollster.walls w on w.id = m.wall_id
                           where m.user_id = a_user and m.wall_id = a_wall offset 0)
               when a_session = 'walls' then exists (select from pollster.walls w where w.id = a_wall offset 0)
               when a_session = 'open' then pollster.is_open(a_wall)
               else false end
    from (select case
              when octet_length(a_session) = 32 then
                  exists (select from pollster.sessions s join pollster.users u on u.id = s.user_id
                          where s.token_hash = a_session and s.user_id = a_user
                              and coalesce(s.expires_at > now(), true) and not u.disabled offset 0)
              when a_session = 'open' or (a_session = 'walls' and a_user = 0) then true
              when a_session in ('user', 'walls') then
                  exists (select from pollster.users u where u.id = a_user and not u.disabled offset 0)
              else false end as good) s
$$;
create or replace function pollster.access_of_careful(a_session bytea, a_user bigint, a_wall bigint)
    returns table (signed_in boolean, member boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if octet_length(a_session) = 32 then
        signed_in := exists (select from pollster.who_careful(array[a_session]) w where w.user_id = a_user);
    else
        signed_in := a_session = 'open' or (a_session in ('user', 'walls') and exists (
            select from pollster.who_by_token_careful(array[a_user], array['{}']) w where w.user_id = a_user));
    end if;
    member := signed_in and case a_session
        when 'walls' then exists (select from pollster.existing_wall_careful(a_wall))
        when 'open' then pollster.is_open_careful(a_wall)
        else exists (select from pollster.walls_of_careful(a_user) w where w.id = a_wall) end;
    return next;
end $$;

-- Those of these walls that such a reader may see, for the list of walls.
create function pollster.walls_read(a_session bytea, a_walls bigint[]) returns table (id bigint, name text, kind text)
    language sql stable parallel safe
as $$
    select named.id, w.name, w.kind from (select distinct a.id from unnest(a_walls) a(id)) named
    cross join lateral (select pollster.name_of(x.name::text) as name, pollster.kind_of(x.kind::text) as kind
                        from pollster.walls x where x.id = named.id limit 1) w
    where a_session = 'walls' or (a_session = 'open' and pollster.is_open(named.id))
    order by named.id
$$;
create function pollster.walls_read_careful(a_session bytea, a_walls bigint[]) returns table (id bigint, name text, kind text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    wall bigint;
begin
    foreach wall in array a_walls loop
        begin
            return query select * from pollster.walls_read(a_session, array[wall]);
        exception when others then
            if pollster.is_trouble(sqlstate) then
                raise;
            end if;
        end;
    end loop;
end $$;

-- What guests may read has changed: they are user 0 of all notes. For `create constraint trigger ... after insert or
-- update or delete on <what open_walls lies over> deferrable initially deferred for each row`, `... after delete on
-- <the table of walls> ...`, and `create trigger ... after truncate on <table> for each statement`.
create function pollster.open_walls_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- Once a transaction, however many walls it changes.
    if current_setting('pollster.guests_noted', true) is distinct from pg_current_xact_id()::text then
        perform set_config('pollster.guests_noted', pg_current_xact_id()::text, true);
        perform pollster.note_access_change(0);
    end if;
    return null;
end $$;
revoke execute on function pollster.open_walls_changed from public;

create constraint trigger open_walls_changed after insert or update or delete on pollster_default.open_walls
    deferrable initially deferred for each row execute function pollster.open_walls_changed();
create trigger open_walls_truncated after truncate on pollster_default.open_walls
    for each statement execute function pollster.open_walls_changed();

-- A wall that comes back with the id of a former one is not open. Also one that was not open may be named by a token.
create function pollster_default.close_removed_wall() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from pollster_default.open_walls where wall_id = old.id;
    return null;
end $$;
revoke execute on function pollster_default.close_removed_wall from public;
create trigger close_removed_wall after delete on pollster_default.walls
    for each row execute function pollster_default.close_removed_wall();
create constraint trigger wall_gone after delete on pollster_default.walls
    deferrable initially deferred for each row execute function pollster.open_walls_changed();
