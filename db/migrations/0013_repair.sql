-- Rows of posts that were written with triggers off (session_replication_role = replica, logical replication, a restore, `disable trigger`)
-- have no entries. `pollster repair` finds and numbers them in pieces beside live writers; each piece locks the wall's head only if it
-- has something to number, and looks again once it is locked. A text or an author that was changed that way leaves no trace to be found;
-- pollster.refresh_wall() makes servers and clients read such a wall anew.

-- Internal: locks the head of a wall, which is made if there is none, and raises it to the newest entry. True: it was made or raised.
create function pollster.repair_head(a_wall bigint) returns boolean
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    insert into pollster.heads as h (wall_id, last_entry, changed_by, stamp)
        select a_wall, coalesce(e.id, 0), pg_current_xact_id(), coalesce(pollster.stamp(e.created_at), 0)
        from (select) one left join lateral (select x.id, x.created_at from pollster.entries x where x.wall_id = a_wall
                                             order by x.id desc limit 1) e on true
        on conflict (wall_id) do update set last_entry = excluded.last_entry, changed_by = excluded.changed_by, stamp = excluded.stamp
            where h.last_entry < excluded.last_entry;
    return found; -- if not, it is locked all the same
end $$;

-- Internal: is it below the newest entry, or missing although there is one? Locks nothing.
create function pollster.head_is_low(a_wall bigint) returns boolean
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce((select max(e.id) from pollster.entries e where e.wall_id = a_wall), 0)
         > coalesce((select h.last_entry from pollster.heads h where h.wall_id = a_wall), 0)
$$;

-- Internal: the kind of a post's newest entry of coming to or leaving that wall. No settings, so that the planner puts it into statements.
create function pollster.last_move(a_wall bigint, a_post bigint) returns table (kind text)
    language sql stable
as $$
    select e.kind from pollster.entries e where e.post_id = a_post and e.wall_id = a_wall and e.kind in ('post', 'delete')
    order by e.id desc limit 1
$$;

-- Gives a `post` entry to those of the next a_limit posts of the wall above id a_above that have none, in order of their ids. Up to which id
-- it looked (null: to the end), and how many there were.
create function pollster.repair_posts(a_wall bigint, a_above bigint, a_limit bigint) returns table (upto bigint, repaired bigint)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    lacking bigint[];
    authors bigint[];
    looked bigint;
begin
    repaired := 0;
    select array_agg(p.id) filter (where m.kind is distinct from 'post'), max(p.id), count(*) into lacking, upto, looked
        from (select x.id::bigint as id from pollster.posts x where x.wall_id = a_wall and x.id > a_above order by x.id limit a_limit) p
        left join lateral pollster.last_move(a_wall, p.id) m on true;
    if looked < a_limit then
        upto := null;
    end if;
    if lacking is not null then
        perform pollster.repair_head(a_wall);
        select array_agg(p.id::bigint order by p.id), array_agg(p.user_id::bigint order by p.id) into lacking, authors
            from unnest(lacking) l(id)
            cross join lateral (select x.id, x.user_id from pollster.posts x where x.id = l.id and x.wall_id = a_wall limit 1) p
            left join lateral pollster.last_move(a_wall, l.id) m on true
            where m.kind is distinct from 'post';
        if lacking is not null then
            repaired := cardinality(lacking);
            perform pollster.append_entries(a_wall, lacking, array_fill('post'::text, array[repaired::int]), authors);
        end if;
    end if;
    return next;
end $$;

-- Gives a `delete` entry to those of the next a_limit entries of the wall above number a_above that show a post which is not there any more.
-- Returns as the last.
create function pollster.repair_entries(a_wall bigint, a_above bigint, a_limit bigint) returns table (upto bigint, repaired bigint)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    gone bigint[];
    authors bigint[];
    looked bigint;
begin
    repaired := 0;
    select array_agg(distinct e.post_id) filter (where e.kind <> 'delete' and m.kind is distinct from 'delete' and not exists (
               select from pollster.posts p where p.id = e.post_id and p.wall_id = a_wall offset 0)), max(e.id), count(*)
        into gone, upto, looked
        from (select x.* from pollster.entries x where x.wall_id = a_wall and x.id > a_above order by x.id limit a_limit) e
        left join lateral pollster.last_move(a_wall, e.post_id) m on true;
    if looked < a_limit then
        upto := null;
    end if;
    if gone is not null then
        perform pollster.repair_head(a_wall);
        select array_agg(g.id order by g.id), array_agg((select e.user_id from pollster.newest_entry(a_wall, g.id) e) order by g.id)
            into gone, authors
            from unnest(gone) g(id) left join lateral pollster.last_move(a_wall, g.id) m on true
            where m.kind is distinct from 'delete' and not exists (
                select from pollster.posts p where p.id = g.id and p.wall_id = a_wall offset 0);
        if gone is not null then
            repaired := cardinality(gone);
            perform pollster.append_entries(a_wall, gone, array_fill('delete'::text, array[repaired::int]), authors);
        end if;
    end if;
    return next;
end $$;

-- The next walls above a_above that exist or have left a feed behind.
create function pollster.walls_to_repair(a_above bigint, a_limit bigint) returns table (wall_id bigint, removed boolean)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with recursive with_entries(id) as (
        (select e.wall_id from pollster.entries e where e.wall_id > a_above order by e.wall_id limit 1)
        union all
        select (select e.wall_id from pollster.entries e where e.wall_id > w.id order by e.wall_id limit 1)
            from with_entries w where w.id is not null
    )
    select a.id, not exists (select from pollster.walls w where w.id = a.id)
    from ((select w.id::bigint as id from pollster.walls w where w.id > a_above order by w.id limit a_limit)
          union (select h.wall_id from pollster.heads h where h.wall_id > a_above order by h.wall_id limit a_limit)
          union (select w.id from with_entries w where w.id is not null limit a_limit)) a
    order by a.id limit a_limit
$$;

-- Internal: what wall_removed() would have done.
create function pollster.remove_feed(a_wall bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    delete from pollster.entries where wall_id = a_wall;
    delete from pollster.heads where wall_id = a_wall;
    delete from pollster.read_marks where wall_id = a_wall;
    delete from pollster.client_keys where wall_id = a_wall;
end $$;

-- All of it in one transaction, for who has no `pollster repair` at hand: one row a wall that was repaired. Holds the heads of these walls
-- until the commit. Repeated it finds nothing.
create function pollster.repair() returns table (wall_id bigint, posts bigint, deletions bigint, head boolean, removed boolean)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    wall record;
    piece record;
    above bigint;
begin
    for wall in select w.* from pollster.walls_to_repair(-9223372036854775808, 9223372036854775807) w loop
        wall_id := wall.wall_id;
        removed := wall.removed;
        posts := 0;
        deletions := 0;
        head := false;
        if removed then
            perform pollster.remove_feed(wall_id);
            return next;
            continue;
        end if;
        head := pollster.head_is_low(wall_id) and pollster.repair_head(wall_id);
        above := -9223372036854775808;
        while above is not null loop
            select r.* into piece from pollster.repair_entries(wall_id, above, 10000) r;
            deletions := deletions + piece.repaired;
            above := piece.upto;
        end loop;
        above := -9223372036854775808;
        while above is not null loop
            select r.* into piece from pollster.repair_posts(wall_id, above, 10000) r;
            posts := posts + piece.repaired;
            above := piece.upto;
        end loop;
        if posts + deletions > 0 or head then
            perform pollster.note_wall(wall_id);
            return next;
        end if;
    end loop;
end $$;

revoke execute on function pollster.repair_head, pollster.head_is_low, pollster.repair_posts, pollster.repair_entries, pollster.walls_to_repair,
    pollster.remove_feed, pollster.repair from public;
