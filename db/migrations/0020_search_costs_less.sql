-- A search costs less. The index names the posts of a wall's whole time, and each is on a page of the table of its own: to look at
-- them took most of the time, though only the newest of them were wanted. Figures are of a wall of a million posts (bench/search).

-- To read a post's terms anew costs 20 us: no plan is good that does so for each of a range.
alter function pollster.terms(bigint, text) cost 10000;

-- As in 0017, with what is compared first for the posts of a common word written first.
create or replace function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_bitmapscan = on set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01 set work_mem = '64MB'
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.id + 0 >= a_above and p.id + 0 < a_before and p.wall_id + 0 = a_wall
            and pollster.terms(pollster.wall_in_terms(p.wall_id), p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

-- search_by_index, of a range that has far fewer posts than the wall: the index of ids says which are in it, 30 ns each, and no others are
-- looked at, 2 us each. The planner takes it for every query alike, "(select ...)": it takes words that go together for rare ones.
create function pollster.search_range_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_bitmapscan = on set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01 set work_mem = '64MB'
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.id >= a_above and p.id < a_before and p.wall_id + 0 = a_wall
            and pollster.terms(pollster.wall_in_terms(p.wall_id), p.body::text) @@ (select a_query)
        order by p.id desc limit a_limit;
end $$;
revoke execute on function pollster.search_range_by_index from public;
-- To whom the other was granted.
do $$
declare
    granted record;
begin
    for granted in
        select distinct a.grantee::regrole as role from pg_proc p, aclexplode(p.proacl) a
        where p.oid = 'pollster.search_by_index(bigint, tsquery, bigint, bigint, bigint)'::regprocedure and a.grantee not in (0, p.proowner)
    loop
        execute format('grant execute on function pollster.search_range_by_index to %s', granted.role);
    end loop;
end $$;

-- As in 0015. Most candidates for a phrase do not have its words in this order: to see that costs less than to mark the text.
create or replace function pollster.says(a_folded text, a_ways pollster.search_way[]) returns boolean language plpgsql immutable parallel safe
as $$
declare
    folded constant text collate "C" := a_folded;
    marked text collate "C";
    way pollster.search_way;
    part text;
    so boolean;
begin
    foreach way in array a_ways loop
        so := folded is not null;
        foreach part in array way.inside loop
            so := so and strpos(folded, part) > 0;
            exit when not so;
        end loop;
        continue when not so;
        foreach part in array way.phrases loop
            so := folded ~ replace(part, E'\x01', '');
            exit when not so;
        end loop;
        continue when not so;
        marked := coalesce(marked, pollster.marked(folded));
        foreach part in array way.parts loop
            so := strpos(marked, part) > 0;
            exit when not so;
        end loop;
        continue when not so;
        foreach part in array way.phrases loop
            so := marked ~ part;
            exit when not so;
        end loop;
        continue when not so;
        foreach part in array way.without loop
            so := strpos(marked, part) = 0;
            exit when not so;
        end loop;
        continue when not so;
        foreach part in array way.without_phrases loop
            so := marked !~ part;
            exit when not so;
        end loop;
        if so then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- As in 0018. The time that the index takes is that of the lists which it goes through, those of all terms that are asked for together, as
-- far as the rarest does not let it skip them: two words that no post has both of have no more posts than there are. `lists`
-- is how many posts those are, of the sample. Where candidates are read anyhow, it is not asked for words that nearly every post has nor, if
-- there is anything else, for a sign with any follower that more than one post in 100 has.
drop function pollster.likely_terms(pollster.search_way[], text[]);
create function pollster.likely_terms(a_ways pollster.search_way[], a_sample text[])
    returns table (query tsquery, unsure boolean, posts bigint, lists bigint)
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    sought constant text[] := array(select distinct replace(m, E'\x01', '') from unnest(a_ways) w, unnest(w.marked) m);
    -- Marked, where any of it is in: to mark a post costs as much as to fold it.
    sample constant text[] := array(select case when cardinality(sought) > 8 or exists (select from unnest(sought) m where strpos(s, m) > 0)
                                                then pollster.marked(s) else '' end
                                    from unnest(a_sample) s where s is not null);
    most constant bigint := cardinality(sample) * 21 / 20; -- posts: about 30 ms
    likely boolean[] := array(select false from unnest(sample));
    way pollster.search_way;
    known record;
    whole text; -- all that a way asks for
    condition text;
    conditions text[] := '{}';
    all_terms text[] := '{}'; -- of all conditions
    all_posts bigint[] := '{}';
    rarest bigint := 0;
    through bigint;
begin
    unsure := false;
    foreach way in array a_ways loop
        -- What an alternative asks for says nothing new if another asks for less. (A beginning of a word is not the word.)
        whole := array_to_string(way.terms, ' & ');
        continue when exists (select from unnest(conditions) c where (c || whole) !~ '!|:[*]' and whole <> '' and whole::tsquery @> c::tsquery);
        select coalesce(array_agg(r.term order by r.place), '{}') as terms, coalesce(array_agg(r.marked order by r.place), '{}') as marked,
               coalesce(array_agg(r.posts order by r.place), '{}') as posts, coalesce(max(r.terms), 0) as terms_of_way
            into known
            from (select c.*, sum(least(c.posts, 8 * c.fewest)) over (order by c.place) as through
                  from (select t.*, c.posts, c.long, count(*) over () as terms, row_number() over w as place, first_value(c.posts) over w as fewest
                        from (select distinct x.term, x.marked from unnest(way.terms, way.marked) x(term, marked)) t
                        cross join lateral (select count(*) as posts,
                                                   not way.sure and count(*) * case when t.term like '%:*' then 100 else 1.1 end > cardinality(sample) as long
                                            from unnest(sample) s where strpos(s, t.marked) > 0) c
                        window w as (order by c.long, c.posts, length(t.marked) desc, t.term)) c) r
            where r.place = 1 or (r.place <= 6 and not r.long and r.through <= most);
        if known.terms = '{}' then
            unsure := true;
            posts := cardinality(sample);
            lists := 0;
            return next;
            return;
        end if;
        if not way.sure or known.terms_of_way > cardinality(known.terms) or cardinality(known.terms || way.without_terms) > 6
            or (cardinality(known.terms) + 2 * cardinality(way.without_terms)) * known.posts[1] > greatest(most, known.posts[1]) then
            unsure := true;
            way.without_terms := '{}';
        end if;
        likely := array(select s.likely or not exists (select from unnest(known.marked) m where strpos(s.text, m) = 0)
                        from unnest(sample, likely) s(text, likely));
        condition := array_to_string(known.terms || array(select distinct '!' || t from unnest(way.without_terms) t), ' & ');
        if condition <> all (conditions) then
            conditions := conditions || condition;
            all_terms := all_terms || known.terms || way.without_terms;
            all_posts := all_posts || known.posts || array(select null::bigint from unnest(way.without_terms));
            rarest := greatest(rarest, known.posts[1]);
        end if;
    end loop;
    posts := cardinality(array_positions(likely, true));
    through := (select sum(t.posts) from (select distinct x.term, x.posts from unnest(all_terms, all_posts) x(term, posts)) t where t.posts <= rarest);
    lists := (select sum(least(t.posts, 8 * rarest)) from (select distinct x.term, x.posts from unnest(all_terms, all_posts) x(term, posts)) t);
    if cardinality(conditions) > 1 and through * cardinality(all_terms) > most then
        unsure := true;
    else
        query := (select string_agg('(' || c || ')', ' | ') from unnest(conditions) c)::tsquery;
    end if;
    return next;
end $$;

-- As in 0019, with less work for each step:
--   The newest 200 posts are read, and 800 more only if those will fill the page (1,800 if the index cannot tell): the index is faster.
--   What some of them have, the index is asked for in the range of ids that should hold a page, and what none has in a part of the wall:
--   a page that is filled there spares a look at all the older ones.
--   Of words that only older posts have, a hundred posts tell from where on there are many; above that is a range.
-- Ranges are of so many ids, for the index of ids knows no walls: a wall that has few of all posts has short lists of its own.
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
    oldest bigint := a_before; -- all from here on were looked at
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
            where p.wall_id = a_wall and p.id < oldest and pollster.id_of(p.id) is not null order by p.id desc limit step
        loop
            seen := seen + 1;
            continue when post.id = oldest; -- a view may show a post twice
            newest := coalesce(newest, post.id);
            oldest := post.id;
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
