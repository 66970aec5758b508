-- Values of the contract's views are foreign input: a row of an adopted table may hold whatever its type can. These functions bring each to a
-- form that the protocol can carry, and none of them fails for any value, for an error fails the statement and with it the neighbours of that row.
-- docs/DATABASE.md, "Values", says what becomes of which. Small enough for the planner to put them into the statement that uses them, and with
-- bodies that were parsed here, so no setting of a session changes them.

-- Ids: whole numbers from 1; null for others, which are no row of the contract's.
create function pollster.id_of(v smallint) returns bigint language sql immutable parallel safe
    return case when v > 0 then v::bigint end;
create function pollster.id_of(v integer) returns bigint language sql immutable parallel safe
    return case when v > 0 then v::bigint end;
create function pollster.id_of(v bigint) returns bigint language sql immutable parallel safe
    return case when v > 0 then v end;
create function pollster.id_of(v numeric) returns bigint language sql immutable parallel safe
    return case when v between 1 and 9223372036854775807 and v = trunc(v) then v::bigint end;
create function pollster.id_of(v double precision) returns bigint language sql immutable parallel safe
    return case when v >= 1 and v < 9223372036854775808::float8 and v = trunc(v) then v::bigint end;

-- Times: those of the years 1 to 9999, which the protocol's form can write; the first and the last of them for all before and after, infinite
-- ones included. Without a zone they are UTC.
create function pollster.time_of(t timestamptz) returns timestamptz language sql immutable parallel safe
    return case when t < timestamptz '0001-01-01 00:00:00+00' then timestamptz '0001-01-01 00:00:00+00'
                when t > timestamptz '9999-12-31 23:59:59.999+00' then timestamptz '9999-12-31 23:59:59.999+00'
                else t end;
create function pollster.time_of(t timestamp) returns timestamptz language sql immutable parallel safe
    return case when t < timestamp '0001-01-01 00:00:00' then timestamptz '0001-01-01 00:00:00+00'
                when t > timestamp '9999-12-31 23:59:59.999' then timestamptz '9999-12-31 23:59:59.999+00'
                else t at time zone 'UTC' end;
create function pollster.time_of(t date) returns timestamptz language sql immutable parallel safe
    return case when t < date '0001-01-01' then timestamptz '0001-01-01 00:00:00+00'
                when t > date '9999-12-31' then timestamptz '9999-12-31 23:59:59.999+00'
                else t::timestamp at time zone 'UTC' end;

create or replace function pollster.utc(t timestamptz) returns text language sql stable parallel safe
    return to_char(pollster.time_of(t) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
create function pollster.utc(t timestamp) returns text language sql stable parallel safe
    return to_char(pollster.time_of(t) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
create function pollster.utc(t date) returns text language sql stable parallel safe
    return to_char(pollster.time_of(t) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- The end of a session, for which null is never.
create function pollster.end_of(t timestamptz) returns timestamptz language sql immutable parallel safe
    return coalesce(pollster.time_of(t), timestamptz '9999-12-31 23:59:59.999+00');
create function pollster.end_of(t timestamp) returns timestamptz language sql immutable parallel safe
    return coalesce(pollster.time_of(t), timestamptz '9999-12-31 23:59:59.999+00');
create function pollster.end_of(t date) returns timestamptz language sql immutable parallel safe
    return coalesce(pollster.time_of(t), timestamptz '9999-12-31 23:59:59.999+00');

-- Texts of at most so many bytes of UTF-8 (in four times the characters, none has more), with dots where one was longer. The size of a stored
-- text is known without reading it, and its beginning is read alone.
create function pollster.text_of(t text, most integer) returns text language sql immutable parallel safe
    return case when octet_length(t) <= most then t else substr(t, 1, most / 4 - 1) || '...' end;
create function pollster.name_of(t text) returns text language sql immutable parallel safe
    return coalesce(pollster.text_of(t, 1024), '');
create function pollster.body_of(t text) returns text language sql immutable parallel safe
    return pollster.text_of(t, 65536);
create function pollster.kind_of(t text) returns text language sql immutable parallel safe
    return case when t in ('chat', 'board', 'notices') then t else 'chat' end;

-- An id in a row of any table, for triggers: null if there is none.
create function pollster.id_in(row_of jsonb, name text) returns bigint language sql immutable parallel safe
    return case when row_of ->> name ~ '^[0-9]{1,19}([.]0*)?$' then pollster.id_of((row_of ->> name)::numeric) end;

-- As in 0009, of posts and users of any kind.
create or replace function pollster.post_of_entry(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text)
    language sql stable parallel safe
as $$
    select pollster.id_of(p.user_id), pollster.body_of(p.body::text), pollster.utc(p.created_at), pollster.utc(p.edited_at)
    from pollster.posts p
    where p.id = a_post and p.wall_id = a_wall and a_kind <> 'delete'
        and not exists (select from pollster.entries l where l.post_id = a_post and l.wall_id = a_wall
                        and l.kind in ('post', 'delete') and l.id > a_entry offset 0)
    limit 1
$$;
create or replace function pollster.shown(a_wall bigint, a_entry bigint, a_post bigint, a_kind text, a_user bigint, a_at timestamptz)
    returns table (user_id bigint, user_name text, body text, created_at text, edited_at text)
    language sql stable parallel safe
as $$
    select author.id, pollster.name_of(u.name::text), p.body, coalesce(p.created_at, pollster.utc(a_at)), p.edited_at
    from (select) entry
    left join lateral (select true as present, x.* from pollster.post_of_entry(a_wall, a_entry, a_post, a_kind) x) p on true
    cross join lateral (select case when p.present then p.user_id else a_user end as id) author
    left join lateral (select x.name from pollster.users x where x.id = author.id limit 1) u on true
$$;

-- A row for triggers, which know its columns by name only. jsonb holds texts of 256 MB: of a row with a longer one these columns alone, and of
-- the long text what tells it from another.
create function pollster.row_of(row_of anyelement, variadic columns text[]) returns jsonb
    language plpgsql stable
as $$
declare
    result jsonb := '{}';
    value jsonb;
    c text;
begin
    return to_jsonb(row_of);
exception when program_limit_exceeded or internal_error then
    foreach c in array columns loop
        begin
            execute pg_catalog.format('select pg_catalog.to_jsonb(($1).%I)', c) into value using row_of;
        exception when program_limit_exceeded or internal_error then
            execute pg_catalog.format('select pg_catalog.to_jsonb(pg_catalog.md5(($1).%I::pg_catalog.text))', c) into value using row_of;
        end;
        result := result || jsonb_build_object(c, value);
    end loop;
    return result;
end $$;

-- As in 0010, for rows of any kind: a post without a number or a wall is no post, one without an author nobody's. The application's own
-- transaction goes on.
create or replace function pollster.feed_entry() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    c_id text := coalesce(tg_argv[0], 'id');
    c_wall text := coalesce(tg_argv[1], 'wall_id');
    c_user text := coalesce(tg_argv[2], 'user_id');
    c_body text := coalesce(tg_argv[3], 'body');
    was jsonb;
    is_now jsonb;
    wall bigint; -- of both, one after the other
    post bigint;
begin
    if tg_op <> 'INSERT' then
        was := pollster.row_of(old, c_id, c_wall, c_user, c_body);
    end if;
    if tg_op <> 'DELETE' then
        is_now := pollster.row_of(new, c_id, c_wall, c_user, c_body);
    end if;
    if tg_op = 'UPDATE' and was ->> c_wall is not distinct from is_now ->> c_wall and was ->> c_id = is_now ->> c_id then
        wall := pollster.id_in(is_now, c_wall);
        post := pollster.id_in(is_now, c_id);
        if wall is not null and post is not null
                and (was ->> c_body is distinct from is_now ->> c_body
                     or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user)) then
            perform pollster.collect(wall, post, 'edit', pollster.id_in(is_now, c_user));
        end if;
        return null;
    end if;
    -- An update that gets here moved the post: it leaves one wall and appears on another.
    wall := pollster.id_in(was, c_wall);
    post := pollster.id_in(was, c_id);
    if wall is not null and post is not null then
        perform pollster.collect(wall, post, 'delete', pollster.id_in(was, c_user));
    end if;
    wall := pollster.id_in(is_now, c_wall);
    post := pollster.id_in(is_now, c_id);
    if wall is not null and post is not null then
        perform pollster.collect(wall, post, 'post', pollster.id_in(is_now, c_user));
    end if;
    return null;
end $$;

-- As in 0011.
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
    if tg_nargs > 1 and was is not null then
        renamed := is_now is distinct from was;
        for i in 1 .. tg_nargs - 1 loop
            renamed := renamed or (old_row -> tg_argv[i]) is distinct from (new_row -> tg_argv[i]);
        end loop;
        if renamed then
            perform pollster.note_author(was);
        end if;
    end if;
    return null;
end $$;

-- As in 0009.
create or replace function pollster.wall_removed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_id text := coalesce(tg_argv[0], 'id');
    gone bigint := pollster.id_in(pollster.row_of(old, c_id), c_id);
begin
    -- Members that a cascade has not removed already, and told thereby.
    perform pollster.note_access_change(pollster.id_of(m.user_id)) from pollster.memberships m where m.wall_id = gone;
    delete from pollster.entries where wall_id = gone;
    delete from pollster.heads where wall_id = gone;
    delete from pollster.read_marks where wall_id = gone;
    delete from pollster.client_keys where wall_id = gone;
    return null;
end $$;

-- As in 0011.
create or replace function pollster.adopt_posts() returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    adopted bigint;
begin
    with found as (
        select distinct on (wall, post) pollster.id_of(p.wall_id) as wall, pollster.id_of(p.id) as post, pollster.id_of(p.user_id) as author,
               coalesce(pollster.time_of(p.created_at), now()) as written_at
        from pollster.posts p
        where pollster.id_of(p.wall_id) is not null and pollster.id_of(p.id) is not null
            and not exists (select from pollster.heads h where h.wall_id = p.wall_id)
    ), written as (
        insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
            select f.wall, row_number() over (partition by f.wall order by f.post), f.post, 'post', f.author, f.written_at
            from found f
            returning wall_id, id, created_at
    ), headed as (
        insert into pollster.heads (wall_id, last_entry, changed_by, stamp)
            select distinct on (w.wall_id) w.wall_id, w.id, pg_current_xact_id(), pollster.stamp(w.created_at)
            from written w order by w.wall_id, w.id desc
    )
    select count(*) into adopted from written;
    return adopted;
end $$;

create or replace function pollster.post_refreshed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    c_wall text := coalesce(tg_argv[0], 'wall_id');
begin
    perform pollster.note_wall(pollster.id_in(pollster.row_of(new, c_wall), c_wall));
    return null;
end $$;

-- As in 0012; what never ends has not ended.
create or replace function pollster.access_of(a_session text, a_user bigint, a_wall bigint) returns table (signed_in boolean, member boolean)
    language sql stable parallel safe
as $$
    select s.good, s.good and exists (select from pollster.memberships m join pollster.walls w on w.id = m.wall_id
                                      where m.user_id = a_user and m.wall_id = a_wall offset 0)
    from (select exists (select from pollster.sessions s join pollster.users u on u.id = s.user_id
                         where s.token_hash = sha256(convert_to(a_session, 'UTF8')) and s.user_id = a_user
                             and coalesce(s.expires_at > now(), true) and not u.disabled offset 0) as good) s
$$;

-- As in 0013.
create or replace function pollster.repair_posts(a_wall bigint, a_above bigint, a_limit bigint) returns table (upto bigint, repaired bigint)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    lacking bigint[];
    authors bigint[];
    looked bigint;
begin
    repaired := 0;
    select array_agg(p.id) filter (where m.kind is distinct from 'post'), max(p.id), count(*) into lacking, upto, looked
        from (select pollster.id_of(x.id) as id from pollster.posts x
              where x.wall_id = a_wall and x.id > greatest(a_above, 0) and pollster.id_of(x.id) is not null order by x.id limit a_limit) p
        left join lateral pollster.last_move(a_wall, p.id) m on true;
    if looked < a_limit then
        upto := null;
    end if;
    if lacking is not null then
        perform pollster.repair_head(a_wall);
        select array_agg(p.id order by p.id), array_agg(p.user_id order by p.id) into lacking, authors
            from (select distinct l.id from unnest(lacking) l(id)) l
            cross join lateral (select l.id, pollster.id_of(x.user_id) as user_id from pollster.posts x
                                where x.id = l.id and x.wall_id = a_wall limit 1) p
            left join lateral pollster.last_move(a_wall, l.id) m on true
            where m.kind is distinct from 'post';
        if lacking is not null then
            repaired := cardinality(lacking);
            perform pollster.append_entries(a_wall, lacking, array_fill('post'::text, array[repaired::int]), authors);
        end if;
    end if;
    return next;
end $$;
create or replace function pollster.walls_to_repair(a_above bigint, a_limit bigint) returns table (wall_id bigint, removed boolean)
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    with recursive with_entries(id) as (
        (select e.wall_id from pollster.entries e where e.wall_id > a_above order by e.wall_id limit 1)
        union all
        select (select e.wall_id from pollster.entries e where e.wall_id > w.id order by e.wall_id limit 1)
            from with_entries w where w.id is not null
    )
    select a.id, not exists (select from pollster.walls w where w.id = a.id)
    from ((select pollster.id_of(w.id) as id from pollster.walls w
           where w.id > greatest(a_above, 0) and pollster.id_of(w.id) is not null order by w.id limit a_limit)
          union (select h.wall_id from pollster.heads h where h.wall_id > a_above order by h.wall_id limit a_limit)
          union (select w.id from with_entries w where w.id is not null limit a_limit)) a
    order by a.id limit a_limit
$$;

-- A wall's number as the index of terms has it: of the types of integers as it stands.
create function pollster.wall_in_terms(v smallint) returns bigint language sql immutable parallel safe return v::bigint;
create function pollster.wall_in_terms(v integer) returns bigint language sql immutable parallel safe return v::bigint;
create function pollster.wall_in_terms(v bigint) returns bigint language sql immutable parallel safe return v;
create function pollster.wall_in_terms(v numeric) returns bigint language sql immutable parallel safe return pollster.id_of(v);
create function pollster.wall_in_terms(v double precision) returns bigint language sql immutable parallel safe return pollster.id_of(v);

-- As in 0015, of posts of any kind.
create or replace function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_bitmapscan = on set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01 set work_mem = '64MB'
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.wall_id + 0 = a_wall and p.id >= a_above and p.id < a_before
            and pollster.terms(pollster.wall_in_terms(p.wall_id), p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

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
            oldest := post.id;
            bytes := bytes - post.length;
            seen := seen + 1;
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

revoke execute on function pollster.row_of from public;
