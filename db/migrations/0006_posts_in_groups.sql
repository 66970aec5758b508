-- Posts that wait for the same wall are written in one transaction: a wall's head is locked until the commit is on the disk, so
-- one commit each is one flush each, whatever the number of connections.

-- Posts each of the group once, in its order. a_users, a_bodies and a_keys have one element a post ('' is no key). One row a
-- post, with its place in the group from 1 and an outcome: created; known (this key posted the same before: its entry); conflict
-- (the key was used for another text or wall); forbidden (not a member, disabled, no such wall). The entry is null for the last
-- two. A post that a constraint or a trigger refuses fails the group: the caller divides it (db/posting.cpp).
-- Every statement inside sees what was committed before it, so this needs read committed (the default). A session keeps the
-- plans that it made when the tables were small, so they must be right for large ones: by index, row by row. ("offset 0": else a plan
-- for any number of posts reads all members of the wall first, 12 ms for 10,000, instead of the authors.)
create function pollster.add_posts(a_wall bigint, a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    outcomes text[];
    posted bigint[]; -- ids of the posts
    numbers bigint[]; -- of their entries
    new_id bigint;
    newest_before bigint;
begin
    select array_agg(case when exists (select from pollster.users u join pollster.memberships m on m.user_id = u.id
                                       where u.id = a.author and not u.disabled and m.wall_id = a_wall offset 0)
                          then 'created' else 'forbidden' end order by a.n)
        into outcomes from unnest(a_users) with ordinality a(author, n);

    -- Keys first and in order: who waits here for another transaction holds no head, and two groups cannot wait for each
    -- other. Of two posts with one key the first is posted.
    if exists (select from unnest(a_keys) k(given) where k.given <> '') then
        with asked as (
            select a.author, a.given, a.n, sha256(convert_to(a.words, 'UTF8')) as hash
            from unnest(a_users, a_bodies, a_keys) with ordinality a(author, words, given, n)
            where a.given <> '' and outcomes[a.n] = 'created'
        ), first_of_key as (
            select distinct on (q.author, q.given) q.author, q.given, q.n, q.hash from asked q
            order by q.author, q.given, q.n
        ), taken as (
            insert into pollster.client_keys as k (user_id, client_key, wall_id, body_hash)
                select f.author, f.given, a_wall, f.hash from first_of_key f order by f.author, f.given
                on conflict do nothing
                returning k.user_id, k.client_key
        )
        select array_agg(case when outcomes[a.n] = 'created' and a.given <> '' and t.user_id is null
                              then 'repeated' else outcomes[a.n] end order by a.n)
            into outcomes
            from unnest(a_users, a_keys) with ordinality a(author, given, n)
            left join (select f.n, t.user_id from first_of_key f
                       join taken t on t.user_id = f.author and t.client_key = f.given) t on t.n = a.n;

        if 'repeated' = any (outcomes) then
            select array_agg(case when outcomes[a.n] <> 'repeated' then outcomes[a.n]
                                  when k.user_id is null then 'removed'
                                  when k.wall_id = a_wall and k.body_hash = sha256(convert_to(a.words, 'UTF8')) then 'known'
                                  else 'conflict' end order by a.n)
                into outcomes
                from unnest(a_users, a_bodies, a_keys) with ordinality a(author, words, given, n)
                left join pollster.client_keys k on k.user_id = a.author and k.client_key = a.given;
            if 'removed' = any (outcomes) then
                -- Because it was old, between the two statements.
                raise exception 'a client_key was removed meanwhile: try again' using errcode = 'serialization_failure';
            end if;
        end if;
    end if;

    posted := array_fill(null::bigint, array[cardinality(a_users)]);
    for n in 1 .. cardinality(a_users) loop
        if outcomes[n] = 'created' then
            insert into pollster.posts as p (wall_id, user_id, body) values (a_wall, a_users[n], a_bodies[n])
                returning p.id into new_id;
            posted[n] := new_id;
        end if;
    end loop;

    if 'created' = any (outcomes) then
        select coalesce(max(h.last_entry), 0) into newest_before from pollster.heads h where h.wall_id = a_wall;
        -- The feed's trigger runs now, so that the entries' numbers can be told. From here on the wall's head is locked.
        set constraints all immediate;
        with fresh as materialized (
            select e.id, e.post_id from pollster.entries e where e.wall_id = a_wall and e.id > newest_before and e.kind = 'post'
        )
        select array_agg(f.number order by a.n) into numbers
            from unnest(posted) with ordinality a(post, n)
            left join (select f.post_id, max(f.id) as number from fresh f group by f.post_id) f on f.post_id = a.post;
        for n in 1 .. cardinality(a_users) loop
            if outcomes[n] = 'created' and numbers[n] is null then
                raise exception 'the post got no entry: is the trigger pollster.feed_entry on the table of posts?'
                    using errcode = 'undefined_object';
            end if;
        end loop;
        update pollster.client_keys k set entry_id = numbers[a.n]
            from unnest(a_users, a_keys) with ordinality a(author, given, n)
            where a.given <> '' and outcomes[a.n] = 'created' and k.user_id = a.author and k.client_key = a.given;
    end if;

    return query
        select a.n, outcomes[a.n], e.id, e.post_id, e.kind, e.user_id, coalesce(u.name::text, ''), p.body::text,
               pollster.utc(coalesce(p.created_at, e.created_at)), pollster.utc(p.edited_at)
        from unnest(a_users, a_keys) with ordinality a(author, given, n)
        left join lateral (select coalesce(numbers[a.n], (
                select k.entry_id from pollster.client_keys k
                where outcomes[a.n] = 'known' and k.user_id = a.author and k.client_key = a.given)) as number offset 0) of on true
        left join lateral (select x.* from pollster.entries x where x.wall_id = a_wall and x.id = of.number offset 0) e on true
        left join lateral (select x.* from pollster.posts x where x.id = e.post_id and x.wall_id = a_wall offset 0) p on true
        left join lateral (select x.name from pollster.users x where x.id = e.user_id offset 0) u on true
        order by a.n;
end $$;

revoke execute on function pollster.add_posts from public;

-- For servers of the version before, which may run on while this one is installed.
create or replace function pollster.add_post(a_wall bigint, a_user bigint, a_body text, a_key text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text)
    language sql set search_path = pg_catalog, pg_temp
as $$
    select a.outcome, a.id, a.post_id, a.kind, a.user_id, a.user_name, a.body, a.created_at, a.edited_at
    from pollster.add_posts(a_wall, array[a_user], array[a_body], array[a_key]) a
$$;
