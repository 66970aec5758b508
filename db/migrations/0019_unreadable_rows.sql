-- A view of the contract may be an expression that raises an error for a row: a cast of what is no number, a division by zero, a 1 GB text made
-- longer. The statement that meets it fails, and with it everybody who is in that statement. The server then asks once more with the
-- functions here, whose names end in _careful: they do what those without it do, row by row, and take a row that cannot be read for none. They
-- look up one key at a time, for a view whose columns are volatile is computed from end to end where it is joined.
-- A post is shown as a deleted one, a user or session is nobody, a wall is nowhere. docs/DATABASE.md, "Values".

-- Is this error about more than a row? Connection, transaction, resources, operator, system; no such schema, table, column, function; no
-- right to it. (db/rows.cpp has the same list.)
create function pollster.is_trouble(a_state text) returns boolean language sql immutable parallel safe
    return left(a_state, 2) in ('08', '25', '26', '28', '3D', '3F', '40', '42', '53', '55', '57', '58', 'F0');

-- Does the wall exist? A row if it does. No settings, so that the planner puts it into statements, as all here without _careful.
create function pollster.existing_wall(a_wall bigint) returns table (id bigint) language sql stable parallel safe
as $$
    select a_wall from pollster.walls w where w.id = a_wall limit 1
$$;
create function pollster.existing_wall_careful(a_wall bigint) returns table (id bigint)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return query select w.id from pollster.existing_wall(a_wall) w;
exception when others then
    if pollster.is_trouble(sqlstate) then
        raise;
    end if;
end $$;

-- A user's walls, by id.
create function pollster.walls_of(a_user bigint) returns table (id bigint, name text, kind text) language sql stable parallel safe
as $$
    select mine.id, w.name, w.kind
    from (select distinct pollster.id_of(m.wall_id) as id from pollster.memberships m where m.user_id = a_user) mine
    cross join lateral (select pollster.name_of(x.name::text) as name, pollster.kind_of(x.kind::text) as kind
                        from pollster.walls x where x.id = mine.id limit 1) w
    order by mine.id
$$;
create function pollster.walls_of_careful(a_user bigint) returns table (id bigint, name text, kind text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    mine bigint[];
    wall bigint;
begin
    begin
        mine := array(select distinct pollster.id_of(m.wall_id) from pollster.memberships m where m.user_id = a_user order by 1);
    exception when others then
        if pollster.is_trouble(sqlstate) then
            raise;
        end if;
        mine := '{}'; -- rows of one user cannot be told apart, so none of them counts
    end;
    foreach wall in array mine loop
        begin
            return query select wall, pollster.name_of(x.name::text), pollster.kind_of(x.kind::text)
                from pollster.walls x where x.id = wall limit 1;
        exception when others then
            if pollster.is_trouble(sqlstate) then
                raise;
            end if;
        end;
    end loop;
end $$;

-- Whose sessions the tokens with these hashes are, by n, the place of the hash; of several sessions of a token the one that lasts longest comes last. A wall that
-- is gone is nobody's, even if an application leaves its memberships behind. Milliseconds.
create function pollster.who(a_hashes bytea[])
    returns table (n bigint, user_id bigint, user_name text, ends bigint, remains bigint, walls bigint[])
    language sql stable parallel safe
as $$
    select asked.n, pollster.id_of(u.id), pollster.name_of(u.name::text), floor(extract(epoch from session.ends) * 1000)::bigint,
           floor(extract(epoch from session.ends - now()) * 1000)::bigint,
           array(select distinct pollster.id_of(m.wall_id) from pollster.memberships m join pollster.walls w on w.id = m.wall_id
                 where m.user_id = u.id and pollster.id_of(m.wall_id) is not null order by 1)
    from unnest(a_hashes) with ordinality asked(hash, n)
    join pollster.sessions s on s.token_hash = asked.hash
    join pollster.users u on u.id = s.user_id
    cross join lateral (select pollster.end_of(s.expires_at) as ends) session
    where coalesce(s.expires_at > now(), true) and not u.disabled and pollster.id_of(u.id) is not null
    order by asked.n, session.ends
$$;
create function pollster.who_careful(a_hashes bytea[])
    returns table (n bigint, user_id bigint, user_name text, ends bigint, remains bigint, walls bigint[])
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    session record;
    owner record;
begin
    for i in 1..cardinality(a_hashes) loop
        begin
            n := i;
            for session in
                select pollster.id_of(s.user_id) as user_id, pollster.end_of(s.expires_at) as ends, coalesce(s.expires_at > now(), true) as lasts
                from pollster.sessions s where s.token_hash = a_hashes[i] order by 2
            loop
                continue when not session.lasts;
                select pollster.name_of(u.name::text) as name, not u.disabled as enabled into owner
                    from pollster.users u where u.id = session.user_id limit 1;
                continue when owner.enabled is not true;
                user_id := session.user_id;
                user_name := owner.name;
                ends := floor(extract(epoch from session.ends) * 1000)::bigint;
                remains := floor(extract(epoch from session.ends - now()) * 1000)::bigint;
                walls := array(select w.id from pollster.walls_of_careful(session.user_id) w);
                return next;
            end loop;
        exception when others then
            if pollster.is_trouble(sqlstate) then
                raise;
            end if;
        end;
    end loop;
end $$;

-- Whether a reader may read: access_of, where what cannot be read grants nothing.
create function pollster.access_of_careful(a_session text, a_user bigint, a_wall bigint) returns table (signed_in boolean, member boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    signed_in := exists (select from pollster.who_careful(array[sha256(convert_to(a_session, 'UTF8'))]) w where w.user_id = a_user);
    member := signed_in and exists (select from pollster.walls_of_careful(a_user) w where w.id = a_wall);
    return next;
end $$;

-- What readers see of an entry, and of its post.
create function pollster.post_of_entry_careful(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return query select p.* from pollster.post_of_entry(a_wall, a_entry, a_post, a_kind) p;
exception when others then
    if pollster.is_trouble(sqlstate) then
        raise;
    end if;
end $$;
create function pollster.shown_careful(a_wall bigint, a_entry bigint, a_post bigint, a_kind text, a_user bigint, a_at timestamptz)
    returns table (user_id bigint, user_name text, body text, created_at text, edited_at text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    select p.user_id, p.body, p.created_at, p.edited_at into user_id, body, created_at, edited_at
        from pollster.post_of_entry_careful(a_wall, a_entry, a_post, a_kind) p;
    if not found then
        user_id := a_user;
    end if;
    created_at := coalesce(created_at, pollster.utc(a_at));
    begin
        select pollster.name_of(u.name::text) into user_name from pollster.users u where u.id = shown_careful.user_id limit 1;
    exception when others then
        if pollster.is_trouble(sqlstate) then
            raise;
        end if;
    end;
    user_name := coalesce(user_name, '');
    return next;
end $$;

-- As in 0017, with each post once.
create or replace function pollster.search_page(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = on set jit = off
as $$
declare
    ways pollster.search_way[] := array(select w from pollster.search_ways(a_words) w);
    way pollster.search_way;
    of_wall constant tsquery := format('''wall %s''', a_wall);
    lowest constant bigint := 1;
    likely tsquery; -- what the index can tell
    unsure boolean := false;
    sample text[] := '{}'; -- the newest posts
    oldest bigint := a_before; -- all from here on were looked at
    wanted bigint := a_limit;
    bytes bigint := 262144; -- that may be read
    candidates bigint := 1000;
    step bigint;
    reserve bigint; -- bytes for the steps after this one
    seen bigint; -- posts of this step
    n bigint; -- of them that are likely
    next bigint;
    post record;
begin
    if cardinality(ways) = 0 then
        return;
    end if;

    holds := true;
    foreach step in array array[200, 1800] loop
        reserve := case step when 200 then 196608 else 0 end;
        seen := 0;
        n := 0;
        for post in select pollster.id_of(p.id) as id, pollster.folded(b.body) as body, coalesce(octet_length(b.body), 0) as length
            from pollster.posts p cross join lateral (select pollster.body_of(p.body::text) as body) b
            where p.wall_id = a_wall and p.id < oldest and pollster.id_of(p.id) is not null order by p.id desc limit step
        loop
            seen := seen + 1;
            continue when post.id = oldest; -- a view may show a post twice
            oldest := post.id;
            bytes := bytes - post.length;
            if step = 200 then
                sample := sample || post.body;
            end if;
            if pollster.says(post.body, ways) then
                post_id := post.id;
                return next;
                n := n + 1;
                wanted := wanted - 1;
                if wanted = 0 then
                    return;
                end if;
            end if;
            exit when bytes < reserve;
        end loop;
        if seen < step and bytes >= reserve then
            return; -- that was all of the wall
        end if;

        if step = 200 then
            select l.query, l.unsure, case when l.unsure then l.posts else n end into likely, unsure, n
                from pollster.likely_terms(ways, sample) l;
            if unsure and n * 50 > seen then
                likely := null;
            elsif likely is not null and not pollster.terms_are_indexed() then
                likely := null;
            end if;
        end if;
        exit when likely is not null and (unsure or n * 10 < a_limit);
    end loop;
    if likely is null then
        return query select oldest, false;
        return;
    end if;

    -- The list of the wall's posts is left out where about every second post is of this wall: to read it costs half as much as that of a
    -- common word, and spares less.
    if (select max(p.id) from pollster.posts p where p.id < 9223372036854775807) > 2 * (select h.last_entry from pollster.heads h where h.wall_id = a_wall) then
        likely := of_wall && likely;
    end if;

    for stage in 1..3 loop
        next := lowest;
        if stage = 1 then
            -- The terms will be about as frequent there as in the last step.
            continue when n = 0;
            select p.id into next from pollster.posts p where p.wall_id = a_wall and p.id < oldest and p.id > 0 order by p.id desc
                offset least((case when unsure then candidates else 2 * wanted end) * seen / n, 50000) limit 1;
            next := coalesce(next, lowest);
        elsif stage = 2 then
            -- Words of former times: a hundred posts, the newer the denser, tell from where on there are some, if many posts hold them.
            select p.id into next
                from (select min(p.id) as first from pollster.posts p where p.wall_id = a_wall and p.id > 0) w
                cross join generate_series(1, 100) k
                cross join lateral (select p.id, p.body::text as body from pollster.posts p
                    where p.wall_id = a_wall and p.id < (oldest - (oldest::numeric - w.first) * k * k / 10000)::bigint
                    and p.id > 0
                    order by p.id desc limit 1) p
                where octet_length(p.body) < 2000 and pollster.terms(a_wall, p.body) @@ likely order by p.id desc offset 2 limit 1;
            continue when next is null;
        end if;
        for post in
            select s.id, p.body, coalesce(octet_length(p.body), 0) as length
            from pollster.search_by_index(a_wall, likely, next, oldest, case when unsure then candidates else wanted end) s(id)
            left join lateral (select pollster.body_of(p.body::text) as body from pollster.posts p where unsure and p.wall_id = a_wall and p.id = s.id offset 0) p on true
        loop
            continue when post.id = post_id;
            post_id := post.id;
            if not unsure or pollster.says(pollster.folded(post.body), ways) then
                return next;
                wanted := wanted - 1;
                if wanted = 0 then
                    return;
                end if;
            end if;
            candidates := candidates - 1;
            bytes := bytes - post.length;
            if unsure and (candidates = 0 or bytes < 0) then
                holds := false;
                return next;
                return;
            end if;
        end loop;
        exit when next = lowest;
        oldest := next;
    end loop;
end $$;

-- search_page, among at most the last 1,000 posts by the feed, which is no view: it finds none that is not there.
create function pollster.search_page_careful(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    ways pollster.search_way[] := array(select w from pollster.search_ways(a_words) w);
    candidates bigint[];
    wanted bigint := a_limit;
    bytes bigint := 262144; -- that may be read
    text_of_post text;
begin
    if cardinality(ways) = 0 then
        return;
    end if;
    candidates := array(select x.post from (select e.post_id as post from pollster.entries e
                                            where e.wall_id = a_wall and e.kind = 'post' and e.post_id < a_before order by e.id desc limit 1000) x
                        group by x.post order by x.post desc);
    foreach post_id in array candidates loop
        begin
            text_of_post := null;
            select pollster.body_of(p.body::text) into text_of_post from pollster.posts p where p.id = post_id and p.wall_id = a_wall limit 1;
            if text_of_post is not null and pollster.says(pollster.folded(text_of_post), ways) then
                holds := true;
                return next;
                wanted := wanted - 1;
            end if;
        exception when others then
            if pollster.is_trouble(sqlstate) then
                raise;
            end if;
        end;
        bytes := bytes - coalesce(octet_length(text_of_post), 0);
        exit when wanted = 0 or bytes < 0;
    end loop;
    if wanted > 0 and (bytes < 0 or cardinality(candidates) = 1000) then
        holds := false;
        return next;
    end if;
end $$;

revoke execute on function pollster.search_page_careful from public;
-- To whom the search was granted.
do $$
declare
    granted record;
begin
    for granted in
        select distinct a.grantee::regrole as role from pg_proc p, aclexplode(p.proacl) a
        where p.oid = 'pollster.search_page(bigint, text, bigint, bigint)'::regprocedure and a.grantee not in (0, p.proowner)
    loop
        execute format('grant execute on function pollster.search_page_careful to %s', granted.role);
    end loop;
end $$;
