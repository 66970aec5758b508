-- The view of posts may have a column more, `extra`: what an application has besides, for its own client (an avatar, the
-- post that is replied to, an attachment). It stands in each entry and post as JSON, and is what it is now, as the text is.
-- A statement that names it finds, where the view lacks it, the null that stands around it, of a type of its own.
create type pollster.no_extra as enum ();

-- As JSON text; 'null' where the view has the column and no value. A larger one than 65,536 bytes is left out, too. What
-- is stored in more than that is not read.
create function pollster.extra_of(v pollster.no_extra) returns text language sql immutable parallel safe return null::text;
create function pollster.extra_of(v anyelement) returns text language sql stable parallel safe
as $$
    select coalesce(case when pg_catalog.pg_column_size(v) <= 65536
                              and pg_catalog.octet_length(pg_catalog.to_jsonb(v)::text) <= 65536
                         then pg_catalog.to_jsonb(v)::text end, 'null')
$$;

-- Replaced below, because a function cannot get another column. Servers of the version before take theirs by name.
alter function pollster.post_of_entry(bigint, bigint, bigint, text) rename to former_post_of_entry;
alter function pollster.post_of_entry_careful(bigint, bigint, bigint, text) rename to former_post_of_entry_careful;
alter function pollster.shown(bigint, bigint, bigint, text, bigint, timestamptz) rename to former_shown;
alter function pollster.shown_careful(bigint, bigint, bigint, text, bigint, timestamptz) rename to former_shown_careful;
alter function pollster.add_posts(bigint[], bigint[], text[], text[]) rename to former_add_posts;
alter function pollster.change_post(bigint, bigint, bigint, text) rename to former_change_post;

-- As in 0017.
create function pollster.post_of_entry(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text, extra text)
    language sql stable parallel safe
as $$
    select p.* from (select null::pollster.no_extra as extra) lacking
    cross join lateral (
        select pollster.id_of(p.user_id), pollster.body_of(p.body::text), pollster.utc(p.created_at), pollster.utc(p.edited_at),
               pollster.extra_of(extra)
        from pollster.posts p
        where p.id = a_post and p.wall_id = a_wall and a_kind <> 'delete'
            and not exists (select from pollster.entries l where l.post_id = a_post and l.wall_id = a_wall
                            and l.kind in ('post', 'delete') and l.id > a_entry offset 0)
        limit 1) p
$$;
create function pollster.shown(a_wall bigint, a_entry bigint, a_post bigint, a_kind text, a_user bigint, a_at timestamptz)
    returns table (user_id bigint, user_name text, body text, created_at text, edited_at text, extra text)
    language sql stable parallel safe
as $$
    select author.id, pollster.name_of(u.name::text), p.body, coalesce(p.created_at, pollster.utc(a_at)), p.edited_at, p.extra
    from (select) entry
    left join lateral (select true as present, x.* from pollster.post_of_entry(a_wall, a_entry, a_post, a_kind) x) p on true
    cross join lateral (select case when p.present then p.user_id else a_user end as id) author
    left join lateral (select x.name from pollster.users x where x.id = author.id limit 1) u on true
$$;

-- As in 0019.
create function pollster.post_of_entry_careful(a_wall bigint, a_entry bigint, a_post bigint, a_kind text)
    returns table (user_id bigint, body text, created_at text, edited_at text, extra text)
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
    returns table (user_id bigint, user_name text, body text, created_at text, edited_at text, extra text)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    select p.user_id, p.body, p.created_at, p.edited_at, p.extra into user_id, body, created_at, edited_at, extra
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

-- As in 0010.
create function pollster.change_post(a_wall bigint, a_user bigint, a_post bigint, a_body text)
    returns table (outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
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
        return query select 'forbidden', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
        return;
    end if;

    select p.user_id, p.body into is_now from pollster.posts p where p.id = a_post and p.wall_id = a_wall;
    if not found then
        -- Deleted by its author before: a client that lost the answer asks again.
        select e.* into newest from pollster.newest_entry(a_wall, a_post) e;
        if not found or a_body is not null or newest.kind <> 'delete' or newest.user_id is distinct from a_user then
            return query select 'missing', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
            return;
        end if;
        outcome := 'unchanged';
        number := newest.id;
    elsif is_now.user_id is distinct from a_user then
        return query select 'foreign', null::bigint, null::bigint, null, null::bigint, null, null, null, null, null;
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
        select outcome, e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at, s.extra
        from pollster.entries e
        cross join lateral pollster.shown(e.wall_id, e.id, e.post_id, e.kind, e.user_id, e.created_at) s
        where outcome <> 'missing' and e.wall_id = a_wall and e.id = number
        union all
        select outcome, null::bigint, null::bigint, null, null::bigint, null, null, null, null, null where outcome = 'missing';
end $$;

create function pollster.add_posts(a_walls bigint[], a_users bigint[], a_bodies text[], a_keys text[])
    returns table (place bigint, outcome text, id bigint, post_id bigint, kind text, user_id bigint, user_name text, body text,
                   created_at text, edited_at text, extra text)
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
        -- A key that add_post wrote (0040) leads to its entry by its post; 0: its entry is gone.
        update pollster.client_keys k
            set entry_id = coalesce((select min(e.id) from pollster.entries e
                                     where e.post_id = k.post_id and e.wall_id = k.wall_id and e.kind = 'post'), 0)
            from unnest(a_users, a_keys) a(author, given)
            where k.user_id = a.author and k.client_key = a.given and k.entry_id is null and k.post_id is not null;
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
        select d.n, outcomes[d.n], e.id, e.post_id, e.kind, s.user_id, s.user_name, s.body, s.created_at, s.edited_at, s.extra
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

-- The rights of those that they replace.
do $$
declare
    named text;
    granted record;
begin
    foreach named in array array[
        'post_of_entry(bigint, bigint, bigint, text)', 'post_of_entry_careful(bigint, bigint, bigint, text)',
        'shown(bigint, bigint, bigint, text, bigint, timestamptz)', 'shown_careful(bigint, bigint, bigint, text, bigint, timestamptz)',
        'add_posts(bigint[], bigint[], text[], text[])', 'change_post(bigint, bigint, bigint, text)'] loop
        execute format('revoke execute on function pollster.%s from public', named);
        for granted in
            select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as role
            from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            where p.oid = ('pollster.former_' || named)::regprocedure and a.grantee <> p.proowner
        loop
            execute format('grant execute on function pollster.%s to %s', named, granted.role);
        end loop;
        execute format('drop function pollster.former_%s', named);
    end loop;
end $$;

-- Internal: what of a table of posts is most likely for its own client: by the names that frameworks and people give to
-- such columns; null: nothing.
create function pollster.draft_of_extra(posts regclass) returns text
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select format('p.%I', c) from pollster.column_called(posts, 'extra') c where c is not null),
        (select 'jsonb_build_object(' || string_agg(format('%L, p.%I', a.attname, a.attname), ', ' order by a.attnum) || ')'
         from pg_attribute a
         where a.attrelid = posts and a.attnum > 0 and not a.attisdropped
             and lower(replace(a.attname, '_', '')) in (
                 'replyto', 'replytoid', 'inreplyto', 'inreplytoid', 'parentid', 'threadid', 'attachment', 'attachments',
                 'attachmenturl', 'attachmentid', 'imageurl', 'fileurl', 'avatarurl', 'metadata')))
$$;

-- As in 0020, but a null before which there is no post: the largest id of all was below no number.
create or replace function pollster.search_page(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = on set jit = off
as $$
declare
    ways pollster.search_way[] := array(select w from pollster.search_ways(a_words) w);
    needed constant text := case when cardinality(ways) = 1 then ways[1].inside[1] end; -- spares most posts a call
    of_wall constant tsquery := format('''wall %s''', a_wall);
    lowest constant bigint := 1;
    likely tsquery; -- what the index can tell
    unsure boolean := false;
    sample text[] := '{}'; -- the newest posts
    newest bigint; -- of this step
    oldest bigint; -- all from here on were looked at
    top bigint := coalesce(a_before - 1, 9223372036854775807); -- all above were
    wanted bigint := a_limit;
    bytes bigint := 262144; -- that may be read
    candidates bigint := 1000;
    step bigint := 200;
    reserve bigint := 196608; -- bytes for the steps after this one
    seen bigint; -- posts of this step
    n bigint; -- of them that are likely
    spread numeric; -- ids for each post
    next bigint;
    looked_at bigint[];
    hits bigint[];
    common boolean; -- it goes through long lists
    most bigint; -- that the index is asked for
    narrow boolean; -- from next on is a range for search_range_by_index
    post record;
begin
    if cardinality(ways) = 0 then
        return;
    end if;

    holds := true;
    loop
        newest := null;
        seen := 0;
        n := 0;
        for post in select pollster.id_of(p.id) as id, pollster.folded(b.body) as body, coalesce(octet_length(b.body), 0) as length
            from pollster.posts p cross join lateral (select pollster.body_of(p.body::text) as body) b
            where p.wall_id = a_wall and p.id <= top and pollster.id_of(p.id) is not null order by p.id desc limit step
        loop
            seen := seen + 1;
            continue when post.id = oldest; -- a view may show a post twice
            newest := coalesce(newest, post.id);
            oldest := post.id;
            top := post.id - 1;
            bytes := bytes - post.length;
            if step = 200 then
                sample := sample || post.body;
            end if;
            if (needed is null or strpos(post.body, needed) > 0) and pollster.says(post.body, ways) then
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
        exit when step <> 200;

        select l.query, l.unsure, case when l.unsure then l.posts else n end, l.lists * 4 > seen into likely, unsure, n, common
            from pollster.likely_terms(ways, sample) l;
        if unsure and n * 50 > seen then
            likely := null;
        elsif likely is not null and not pollster.terms_are_indexed() then
            likely := null;
        end if;
        exit when likely is not null and (unsure or n * 700 < wanted * seen);
        step := case when likely is null then 1800 else 800 end;
        reserve := 0;
    end loop;
    if likely is null then
        return query select oldest, false;
        return;
    end if;

    -- The list of the wall's posts is left out where about every second post is of this wall: to read it costs half as much as that of a
    -- common word, and spares less.
    if (select max(p.id) from pollster.posts p where p.id < 9223372036854775807)
            > 2 * (select h.last_entry from pollster.heads h where h.wall_id = a_wall) then
        likely := of_wall && likely;
    end if;

    spread := (newest - oldest)::numeric / greatest(seen - 1, 1);
    for stage in 1..4 loop
        next := lowest;
        narrow := stage in (1, 3);
        if narrow then
            -- The terms will be about as frequent there as in the last step; one in 200 is tried if that had none. Not where it takes long to
            -- ask once more: long lists, and signs with any follower.
            continue when (n = 0) = (stage = 1) or spread > 3 or (common and n < 3) or (n = 0 and likely::text like '%:*%');
            next := greatest(oldest - spread * least(case when unsure then candidates else 3 * wanted end * seen / greatest(n, 1), 50000), lowest);
        elsif stage = 2 then
            -- Words of former times: a hundred posts, the newer the denser, tell from where on there are some, if many posts hold them.
            select array_agg(p.id order by p.id desc), array_agg(p.id order by p.id desc) filter (where p.likely) into looked_at, hits
                from (select min(p.id) as first from pollster.posts p where p.wall_id = a_wall and p.id > 0) w
                cross join generate_series(1, 100) k
                cross join lateral (
                    select p.id, octet_length(p.body) < 2000 and case when unsure then pollster.terms(a_wall, p.body) @@ likely
                                                                      else pollster.says(pollster.folded(p.body), ways) end as likely
                    from (select p.id, p.body::text as body from pollster.posts p
                          where p.wall_id = a_wall and p.id < (oldest - (oldest::numeric - w.first) * k * k / 10000)::bigint and p.id > 0
                          order by p.id desc limit 1) p) p;
            next := hits[3];
            continue when next is null;
            -- If every sixth post holds them there, it is faster not to look at those that are older still.
            narrow := oldest - next::numeric <= 600000
                and cardinality(hits) * 6 >= (select count(*) from unnest(looked_at) x where x <= hits[1]);
        end if;
        most := case when unsure then candidates else wanted end;
        for post in
            select s.id, p.body, coalesce(octet_length(p.body), 0) as length
            from (select x as id from pollster.search_range_by_index(a_wall, likely, next, oldest, most) x where narrow
                  union all
                  select x from pollster.search_by_index(a_wall, likely, next, oldest, most) x where not narrow) s
            left join lateral (select pollster.body_of(p.body::text) as body
                               from pollster.posts p where unsure and p.wall_id = a_wall and p.id = s.id offset 0) p on true
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
-- As in 0019.
create or replace function pollster.search_page_careful(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
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
                                            where e.wall_id = a_wall and e.kind = 'post'
                                                and (a_before is null or e.post_id < a_before) order by e.id desc limit 1000) x
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

revoke execute on function pollster.draft_of_extra from public;
