-- Posts that wait are written in one transaction: a commit is one flush of the disk, and a wall's head is locked until it is done, so
-- one commit each is one flush each, whatever the number of connections.

create function pollster.no_entry() returns bigint
    language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the post got no entry: is the trigger pollster.feed_entry on the table of posts?' using errcode = 'undefined_object';
end $$;

-- Posts each of the group once, on each wall in its order. The four arrays have one element a post ('' is no key). One row a
-- post, with its place in the group from 1 and an outcome: created; known (this key posted the same before: its entry); conflict
-- (the key was used for another text or wall); forbidden (not a member, disabled, no such wall). The entry is null for the last
-- two. A post that a constraint or a trigger refuses fails the group: the caller divides it (db/posting.cpp).
-- Every statement inside sees what was committed before it, so this needs read committed (the default). What a post costs is mostly
-- the start of a statement (40 us each), hence few; and planning, hence plans that are kept. These are made when the tables are small, so
-- they must be right for large ones: by index, row by row. ("offset 0": else a plan for any number of posts reads all members of
-- the wall first, 12 ms for 10,000, instead of the authors.)
create function pollster.add_posts(a_walls bigint[], a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
    outcomes text[];
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

    if 'repeated' = any (outcomes) then
        select array_agg(case when outcomes[a.n] <> 'repeated' then outcomes[a.n]
                              when k.user_id is null then 'removed'
                              when k.wall_id = a.wall and k.body_hash = sha256(convert_to(a.words, 'UTF8')) then 'known'
                              else 'conflict' end order by a.n)
            into outcomes
            from unnest(a_walls, a_users, a_bodies, a_keys) with ordinality a(wall, author, words, given, n)
            left join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given;
        if 'removed' = any (outcomes) then
            -- Because it was old, between the two statements.
            raise exception 'a client_key was removed meanwhile: try again' using errcode = 'serialization_failure';
        end if;
    end if;

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
        -- The feed's trigger runs now, so that the entries' numbers can be told. From here on the walls' heads are locked.
        set constraints all immediate;
    end if;

    return query
        with done as materialized (
            select a.n, a.wall, a.author, a.given,
                   case outcomes[a.n]
                       when 'created' then coalesce((select x.id from pollster.entries x
                                                     where x.post_id = posted[a.n] and x.wall_id = a.wall and x.kind = 'post'
                                                     order by x.id desc limit 1), pollster.no_entry())
                       when 'known' then (select k.entry_id from pollster.client_keys k
                                          where k.user_id = a.author and k.client_key = a.given)
                   end as number
            from unnest(a_walls, a_users, a_keys) with ordinality a(wall, author, given, n)
        ), noted as (
            update pollster.client_keys k set entry_id = d.number
                from done d
                where outcomes[d.n] = 'created' and d.given <> '' and k.user_id = d.author and k.client_key = d.given
        )
        select d.n, outcomes[d.n], e.id, e.post_id, e.kind, e.user_id, coalesce(u.name::text, ''), p.body::text,
               pollster.utc(coalesce(p.created_at, e.created_at)), pollster.utc(p.edited_at)
        from done d
        -- One that repeats another of this group: `noted` is too late to be seen here.
        left join lateral (select case when outcomes[d.n] = 'known' and d.number is null
                                       then (select c.number from done c where c.author = d.author and c.given = d.given
                                                 and outcomes[c.n] = 'created')
                                       else d.number end as number offset 0) own on true
        left join lateral (select x.* from pollster.entries x where x.wall_id = d.wall and x.id = own.number offset 0) e on true
        left join lateral (select x.* from pollster.posts x where x.id = e.post_id and x.wall_id = d.wall offset 0) p on true
        left join lateral (select x.name from pollster.users x where x.id = e.user_id offset 0) u on true
        order by d.n;
end $$;

revoke execute on function pollster.add_posts, pollster.no_entry from public;

-- For servers of the version before, which may run on while this one is installed.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language sql set search_path = pg_catalog, pg_temp
as $$
    select a.outcome, a.id, a.post_id, a.kind, a.user_id, a.user_name, a.body, a.created_at, a.edited_at
    from pollster.add_posts(array[a_wall], array[a_user], array[a_body], array[a_key]) a
$$;
