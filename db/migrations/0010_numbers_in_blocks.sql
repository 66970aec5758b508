-- Numbers in blocks. A transaction of many posts took each number by an update of the same head row: every one left a dead version that
-- the next had to step over, and the head was locked from the first post to the last.
--
-- Now the deferred trigger of each row only collects, in the order of the changes. The first row collected queues another deferred trigger,
-- which fires when all that was deferred before it has fired: it takes the head of each wall once, in the order of the walls, and
-- numbers everything that was collected. Nothing changes for writers, and for tables with the trigger of before: numbers are taken at the commit, in
-- the order of the commits, in a transaction in the order of its changes. After `set constraints all immediate` each row is numbered at once.

-- Rows live inside one transaction only, so nothing is lost with them and the log of the database need not know them.
create unlogged table pollster.pending (
    id bigint generated always as identity primary key,
    changed_by xid8 not null,
    numbers boolean not null, -- its trigger numbers this and what is collected after it
    wall_id bigint, -- null: no entry; somebody collects, and numbers by himself
    post_id bigint,
    kind text,
    user_id bigint
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, vacuum_truncate = off);

comment on table pollster.pending is 'entries that a transaction has yet to number; always empty for others';

-- Internal: a hint for servers that listen, no more; the regular look finds what is new without it. A transaction that has sent one
-- cannot be prepared (PREPARE TRANSACTION), so `pollster.notify = off`, for a transaction, a session, a role or a database, sends none.
create function pollster.hint(a_channel text, a_payload text) returns void
    language plpgsql
as $$
begin
    if pg_catalog.lower(coalesce(pg_catalog.current_setting('pollster.notify', true), '')) not in ('off', 'false', 'no', '0') then
        perform pg_catalog.pg_notify(a_channel, a_payload);
    end if;
end $$;

-- Internal: the next entries of a wall, one a post in the order of the arrays.
create function pollster.append_entries(a_wall bigint, a_posts bigint[], a_kinds text[], a_users bigint[]) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    many constant bigint := cardinality(a_posts);
    newest bigint;
begin
    -- A removed wall takes its posts along; nobody is left to be told about each.
    if not exists (select from pollster.walls w where w.id = a_wall) then
        return;
    end if;
    insert into pollster.heads as h (wall_id, last_entry, changed_by)
        values (a_wall, many, pg_current_xact_id())
        on conflict (wall_id) do update set last_entry = h.last_entry + many, changed_by = excluded.changed_by
        returning last_entry into newest;
    insert into pollster.entries (wall_id, id, post_id, kind, user_id, created_at)
        select a_wall, newest - many + e.n, e.post, e.kind, e.author, clock_timestamp()
        from unnest(a_posts, a_kinds, a_users) with ordinality e(post, kind, author, n);
    perform pollster.hint('pollster_walls', a_wall::text);
end $$;

create or replace function pollster.append_entry(a_wall bigint, a_post bigint, a_kind text, a_user bigint) returns void
    language sql set search_path = pg_catalog, pg_temp
as $$
    select pollster.append_entries(a_wall, array[a_post], array[a_kind], array[a_user])
$$;

-- Internal: numbers what this transaction has collected from there on.
create function pollster.number_pending(a_from bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    collected record;
begin
    for collected in
        with mine as (
            delete from pollster.pending p where p.id >= a_from and p.changed_by = pg_current_xact_id()
                returning p.id, p.wall_id, p.post_id, p.kind, p.user_id
        )
        select m.wall_id, array_agg(m.post_id order by m.id) as posts, array_agg(m.kind order by m.id) as kinds,
               array_agg(m.user_id order by m.id) as users
        from mine m where m.wall_id is not null group by m.wall_id order by m.wall_id
    loop
        perform pollster.append_entries(collected.wall_id, collected.posts, collected.kinds, collected.users);
    end loop;
end $$;

create function pollster.pending_numbered() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
begin
    if exists (select from pollster.pending p where p.id > new.id and p.changed_by = new.changed_by) then
        perform pollster.number_pending(new.id);
    else -- most transactions write one post
        delete from pollster.pending p where p.id = new.id;
        perform pollster.append_entries(new.wall_id, array[new.post_id], array[new.kind], array[new.user_id]);
    end if;
    return null;
end $$;
create constraint trigger pending_numbered after insert on pollster.pending
    deferrable initially deferred for each row when (new.numbers) execute function pollster.pending_numbered();

-- Internal: an entry to be numbered. Called by feed_entry alone, whose settings it has. The setting says from which row on this transaction
-- collects. It is a hint where to look, for whoever writes may set it; what counts is the row, which nobody but the owner can write. 'off':
-- number it here and now.
create function pollster.collect(a_wall bigint, a_post bigint, a_kind text, a_user bigint) returns void
    language plpgsql
as $$
declare
    hint constant text := coalesce(current_setting('pollster.collecting', true), '');
    collected record;
begin
    if hint = 'off' then
        perform pollster.append_entries(a_wall, array[a_post], array[a_kind], array[a_user]);
        return;
    end if;
    insert into pollster.pending (changed_by, numbers, wall_id, post_id, kind, user_id)
        values (pg_current_xact_id(),
                hint !~ '^\d{1,18}$' or not exists (select from pollster.pending p where p.id = hint::bigint
                                                    and p.changed_by = pg_current_xact_id()),
                a_wall, a_post, a_kind, a_user)
        returning id, numbers into collected;
    if collected.numbers then
        perform set_config('pollster.collecting', collected.id::text, true);
    end if;
end $$;

-- As in 0009, but only collects.
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
begin
    if tg_op <> 'INSERT' then
        was := to_jsonb(old);
    end if;
    if tg_op <> 'DELETE' then
        is_now := to_jsonb(new);
    end if;
    if tg_op = 'UPDATE' and was ->> c_wall is not distinct from is_now ->> c_wall and was ->> c_id = is_now ->> c_id then
        if was ->> c_body is distinct from is_now ->> c_body
                or (is_now ->> c_user is not null and was ->> c_user is distinct from is_now ->> c_user) then
            perform pollster.collect((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'edit', (is_now ->> c_user)::bigint);
        end if;
        return null;
    end if;
    -- An update that gets here moved the post: it leaves one wall and appears on another.
    if was is not null then
        perform pollster.collect((was ->> c_wall)::bigint, (was ->> c_id)::bigint, 'delete', (was ->> c_user)::bigint);
    end if;
    if is_now is not null then
        perform pollster.collect((is_now ->> c_wall)::bigint, (is_now ->> c_id)::bigint, 'post', (is_now ->> c_user)::bigint);
    end if;
    return null;
end $$;

create or replace function pollster.note_access_change(a_user bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if a_user is not null then
        insert into pollster.access_changes (user_id, changed_by, changed_at)
            values (a_user, pg_current_xact_id(), clock_timestamp());
        perform pollster.hint('pollster_access', a_user::text);
    end if;
end $$;

-- Internal: numbers at once what this transaction has changed, so that the numbers can be told. Of several rows each would be numbered by
-- itself after `set constraints all immediate` alone.
create function pollster.number_now(a_rows bigint) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    opened bigint;
begin
    if a_rows = 1 then
        perform set_config('pollster.collecting', 'off', true);
        set constraints all immediate;
        return;
    end if;
    insert into pollster.pending (changed_by, numbers) values (pg_current_xact_id(), false) returning id into opened;
    perform set_config('pollster.collecting', opened::text, true);
    set constraints all immediate;
    perform pollster.number_pending(opened);
end $$;

-- As in 0009, but numbered by number_now().
create or replace function pollster.change_post(a_wall bigint, a_user bigint, a_post bigint, a_body text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    is_now record;
    newest record;
    change text := case when a_body is null then 'delete' else 'edit' end;
    number bigint;
begin
    perform from pollster.users u join pollster.memberships m on m.user_id = u.id
        where u.id = a_user and not u.disabled and m.wall_id = a_wall;
    if not found then
        return query select 'forbidden', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
        return;
    end if;

    select p.user_id, p.body into is_now from pollster.posts p where p.id = a_post and p.wall_id = a_wall;
    if not found then
        -- Deleted by its author before: a client that lost the answer asks again.
        select e.* into newest from pollster.newest_entry(a_wall, a_post) e;
        if not found or a_body is not null or newest.kind <> 'delete' or newest.user_id is distinct from a_user then
            return query select 'missing', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
            return;
        end if;
        outcome := 'unchanged';
        number := newest.id;
    elsif is_now.user_id is distinct from a_user then
        return query select 'foreign', null::bigint, null::bigint, null, null::bigint, null, null, null, null;
        return;
    elsif is_now.body = a_body then
        outcome := 'unchanged';
        select e.id into number from pollster.newest_entry(a_wall, a_post) e;
    else
        if a_body is null then
            delete from pollster.posts p where p.id = a_post and p.wall_id = a_wall and p.user_id = a_user;
        else
            update pollster.posts p set body = a_body
                where p.id = a_post and p.wall_id = a_wall and p.user_id = a_user and p.body <> a_body;
        end if;
        -- Found none: another change of this post was committed since it was read. Deleted, or it has that text already.
        outcome := case when found then 'changed' when a_body is null then 'unchanged'
                        when exists (select from pollster.posts p where p.id = a_post and p.wall_id = a_wall) then 'unchanged'
                        else 'missing' end;
        -- From here on the wall's head is locked.
        perform pollster.number_now(1);
        if outcome = 'changed' then
            select max(e.id) into number from pollster.entries e where e.post_id = a_post and e.wall_id = a_wall and e.kind = change;
        else
            select e.id into number from pollster.newest_entry(a_wall, a_post) e;
        end if;
        if number is null or (outcome = 'changed' and not exists (
                select from pollster.heads h where h.wall_id = a_wall and h.changed_by = pg_current_xact_id())) then
            raise exception 'the change got no entry: is the trigger pollster.feed_entry on the table of posts?'
                using errcode = 'undefined_object';
        end if;
    end if;

    return query
        select outcome, e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at
        from pollster.entries e
        cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s
        where outcome <> 'missing' and e.wall_id = a_wall and e.id = number
        union all
        select outcome, null::bigint, null::bigint, null, null::bigint, null, null, null, null where outcome = 'missing';
end $$;

create or replace function pollster.add_posts(a_walls bigint[], a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    outcomes text[];
    told text[]; -- of those that repeat a key
    posted bigint[]; -- ids of the posts
begin
    -- Keys first and in order: who waits here for another transaction holds no head, and two groups cannot wait for each
    -- other. Of two posts with one key the first is posted.
    with asked as materialized (
        select a.wall, a.author, a.given, a.n, sha256(convert_to(a.words, 'UTF8')) as hash,
               exists (select from pollster.users u join pollster.memberships m on m.user_id = u.id
                       where u.id = a.author and not u.disabled and m.wall_id = a.wall offset 0) as member
        from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
    ), first_of_key as materialized (
        select distinct on (q.author, q.given) q.author, q.given, q.n, q.wall, q.hash from asked q
        where q.member and q.given <> '' order by q.author, q.given, q.n
    ), taken as (
        insert into pollster.client_keys as k (user_id, client_key, wall_id, body_hash)
            select f.author, f.given, f.wall, f.hash from first_of_key f order by f.author, f.given
            on conflict do nothing
            returning k.user_id, k.client_key
    )
    select array_agg(case when not q.member then 'forbidden' when q.given = '' or t.n is not null then 'created'
                          else 'repeated' end order by q.n)
        into outcomes
        from asked q
        left join (select f.n from first_of_key f join taken t on t.user_id = f.author and t.client_key = f.given) t on t.n = q.n;

    while 'repeated' = any (outcomes) loop
        -- A key without an entry is of this transaction.
        select array_agg(case when outcomes[a.n] <> 'repeated' then outcomes[a.n]
                              when k.user_id is null then 'removed'
                              when k.entry_id is not null and not exists (
                                  select from pollster.entries e where e.wall_id = k.wall_id and e.id = k.entry_id and e.kind = 'post'
                                  and e.post_id = coalesce(k.post_id, e.post_id) offset 0) then 'lost'
                              when k.wall_id = a.wall and k.body_hash = sha256(convert_to(a.words, 'UTF8')) then 'known'
                              else 'conflict' end order by a.n)
            into told
            from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
            left join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given;
        if 'removed' = any (told) then
            -- Because it was old, between the two statements.
            raise exception 'a client_key was removed meanwhile: try again' using errcode = 'serialization_failure';
        elsif 'lost' = any (told) then
            -- The first post of each such key takes it over, unless another transaction did meanwhile; then look again.
            with first_of_key as materialized (
                select distinct on (a.author, a.given) a.author, a.given, a.n, a.wall, k.entry_id, sha256(convert_to(a.words, 'UTF8')) as hash
                from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
                join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given
                where told[a.n] = 'lost' order by a.author, a.given, a.n
            ), taken as (
                update pollster.client_keys k
                    set wall_id = f.wall, body_hash = f.hash, entry_id = null, post_id = null, created_at = clock_timestamp()
                    from first_of_key f where k.user_id = f.author and k.client_key = f.given and k.entry_id = f.entry_id
                    returning f.n
            )
            select array_agg(case when o.n in (select t.n from taken t) then 'created' else o.outcome end order by o.n)
                into outcomes from unnest(outcomes) with ordinality o(outcome, n);
        else
            outcomes := told;
        end if;
    end loop;

    if 'created' = any (outcomes) then
        -- By walls in order, so that two groups cannot wait for each other's heads. Ids come back in the order of writing.
        with accepted as materialized (
            select a.*, row_number() over (order by a.wall, a.n) as turn
            from unnest(a_walls, a_users, a_bodies) with ordinality a(wall, author, words, n) where outcomes[a.n] = 'created'
        ), written as (
            insert into pollster.posts as p (wall_id, user_id, body)
                select c.wall, c.author, c.words from accepted c order by c.turn
                returning p.id
        ), numbered as materialized (
            select w.id, row_number() over () as turn from written w
        )
        select array_agg(w.id order by o.n) into posted
            from unnest(outcomes) with ordinality o(outcome, n)
            left join accepted c on c.n = o.n
            left join numbered w on w.turn = c.turn;
        if cardinality(array_remove(posted, null)) <> cardinality(array_positions(outcomes, 'created')) then
            raise exception 'the table of posts did not take a post';
        end if;
        -- From here on the walls' heads are locked.
        perform pollster.number_now(cardinality(array_positions(outcomes, 'created')));
    end if;

    return query
        with done as materialized (
            select a.n, a.wall, a.author, a.given,
                   case outcomes[a.n]
                       when 'created' then coalesce((select x.id from pollster.entries x
                                                     where x.post_id = posted[a.n] and x.wall_id = a.wall and x.kind = 'post'
                                                     order by x.id desc limit 1), pollster.no_entry(posted[a.n]))
                       when 'known' then (select k.entry_id from pollster.client_keys k
                                          where k.user_id = a.author and k.client_key = a.given)
                   end as number
            from unnest(a_walls, a_users, a_keys) with ordinality a(wall, author, given, n)
        ), noted as (
            update pollster.client_keys k set entry_id = d.number, post_id = posted[d.n]
                from done d
                where outcomes[d.n] = 'created' and d.given <> '' and k.user_id = d.author and k.client_key = d.given
        )
        select d.n, outcomes[d.n], e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at
        from done d
        -- One that repeats another of this group: `noted` is too late to be seen here.
        left join lateral (select case when outcomes[d.n] = 'known' and d.number is null
                                       then (select c.number from done c where c.author = d.author and c.given = d.given
                                                 and outcomes[c.n] = 'created')
                                       else d.number end as number offset 0) own on true
        left join lateral (select x.* from pollster.entries x where x.wall_id = d.wall and x.id = own.number offset 0) e on true
        left join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s on true
        order by d.n;
end $$;

revoke execute on function pollster.hint, pollster.append_entries, pollster.number_pending, pollster.pending_numbered,
    pollster.collect, pollster.number_now from public;
