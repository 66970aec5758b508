-- The search of a wall, in place of that of 0007, which read every post with the words of a phrase, whatever their number. bench/search
-- measures this one.

drop index pollster_default.posts_words;
do $$
begin
    if exists (select from pg_extension where extname = 'btree_gin' and extnamespace = 'pollster_default'::regnamespace) then
        drop extension btree_gin;
    end if;
exception when dependent_objects_still_exist then
    null; -- somebody else's index needs it
end $$;

-- What is searched: the words of a post, and its wall as one that no text can have. 'simple' knows no language, so it is right in all of
-- them: every word as it is written, in small letters. A query of both is one key for the index, which then reads of each list no more than
-- the shortest asks for. Neither strict nor with a "set": the planner inlines it, in queries and indexes alike.
create function pollster.words(a_wall bigint, a_body text) returns tsvector language sql immutable parallel safe
as $$
    select pg_catalog.array_to_tsvector(array['wall ' operator(pg_catalog.||) a_wall::text])
        operator(pg_catalog.||) pg_catalog.to_tsvector('pg_catalog.simple'::regconfig, a_body)
$$;
-- serves the search of a wall, beside posts_of_wall_in_order
create index posts_words on pollster_default.posts using gin (pollster.words(wall_id, body));
analyze pollster_default.posts; -- how frequent each word is

-- Matches among the posts from a_above to below a_before, by the indexes alone. Planned anew each time: a plan for any wall expects the
-- posts of an average one, and would read and parse every post of a large one. "+ 0": so would a plan for a wall that the statistics do
-- not know yet (plans_pgtest). To start workers costs more than they save, to parse a post more than the planner believes, and a bitmap
-- that does not fit into work_mem has whole pages parsed.
create or replace function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01 set work_mem = '64MB'
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.wall_id + 0 = a_wall and p.id >= a_above and p.id < a_before and pollster.words(p.wall_id, p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

-- Posts that hold the words (as websearch_to_tsquery reads them), newest first. `holds` is false in a last row where the search stopped
-- before the end of the wall: it goes on below this post.
--
-- The index lists every match of the whole wall, so what is common is looked for among the newest first: 200 posts are read, and 1,800 more
-- (18 ms by bench/search) if those will about fill the page. Then the index is asked for the posts that will hold the rest of the page, and
-- then for all. It knows which words a post has, not their order, and nothing of posts that lack a word. For a phrase it names candidates, for exclusions
-- alone every post is one, and those have to be read, 10 us each: "the of" would be looked for in every post. So such a search stops after
-- 2,000 posts or, where its words are rare, 1,000 candidates. Long posts count for more: no search reads over 256 KB and a post.
create function pollster.search_page(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    query constant tsquery := websearch_to_tsquery('simple', a_words);
    no_word constant boolean := querytree(query) in ('', 'T');
    unsure constant boolean := no_word or query::text like '%<%'; -- which no word has, and every phrase
    of_wall constant tsquery := format('''wall %s''', a_wall);
    lowest constant bigint := -9223372036854775808;
    likely tsquery := query; -- what the index can tell
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
    held tsvector;
begin
    if numnode(query) = 0 then
        return;
    end if;
    if unsure then
        likely := case when no_word then of_wall else regexp_replace(querytree(query), '<(-|\d+)>', '&', 'g')::tsquery end;
    end if;

    holds := true;
    foreach step in array array[200, 1800] loop
        reserve := case step when 200 then 196608 else 0 end;
        seen := 0;
        n := 0;
        for post in select p.id, p.body::text as body from pollster.posts p
            where p.wall_id = a_wall and p.id < oldest order by p.id desc limit step
        loop
            held := pollster.words(a_wall, post.body);
            oldest := post.id;
            bytes := bytes - octet_length(post.body);
            seen := seen + 1;
            n := n + (held @@ likely)::int;
            if held @@ query then
                post_id := post.id;
                return next;
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
        exit when n * 10 < a_limit and not (unsure and n * 50 > seen);
    end loop;
    if unsure and n * 50 > seen then
        return query select oldest, false;
        return;
    end if;

    -- The list of the wall's posts is left out where about every second post is of this wall: to read it costs half as much as that of a
    -- common word, and spares less.
    if (select max(p.id) from pollster.posts p) > 2 * (select h.last_entry from pollster.heads h where h.wall_id = a_wall) then
        likely := of_wall && likely;
    end if;

    for stage in 1..3 loop
        next := lowest;
        if stage = 1 then
            -- The words will be about as frequent there as in the last step.
            continue when n = 0;
            select p.id into next from pollster.posts p where p.wall_id = a_wall and p.id < oldest order by p.id desc
                offset least((case when unsure then candidates else 2 * wanted end) * seen / n, 50000) limit 1;
            next := coalesce(next, lowest);
        elsif stage = 2 then
            -- Words of former times: a hundred posts, the newer the denser, tell from where on there are some, if many posts hold them.
            select p.id into next
                from (select min(p.id) as first from pollster.posts p where p.wall_id = a_wall) w
                cross join generate_series(1, 100) k
                cross join lateral (select p.id, p.body::text as body from pollster.posts p
                    where p.wall_id = a_wall and p.id < (oldest - (oldest::numeric - w.first) * k * k / 10000)::bigint
                    order by p.id desc limit 1) p
                where octet_length(p.body) < 2000 and pollster.words(a_wall, p.body) @@ likely order by p.id desc offset 2 limit 1;
            continue when next is null;
        end if;
        for post in
            select s.id, case when unsure then (select p.body::text from pollster.posts p where p.wall_id = a_wall and p.id = s.id) end as body
            from pollster.search_by_index(a_wall, likely, next, oldest, case when unsure then candidates else wanted end) s(id)
        loop
            post_id := post.id;
            if not unsure or pollster.words(a_wall, post.body) @@ query then
                return next;
                wanted := wanted - 1;
                if wanted = 0 then
                    return;
                end if;
            end if;
            candidates := candidates - 1;
            bytes := bytes - coalesce(octet_length(post.body), 0);
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
-- To whom the search was granted.
do $$
declare
    granted record;
begin
    for granted in
        select distinct a.grantee::regrole as role from pg_proc p, aclexplode(p.proacl) a
        where p.oid = 'pollster.search_posts(bigint, text, bigint, bigint)'::regprocedure and a.grantee not in (0, p.proowner)
    loop
        execute format('grant execute on function pollster.search_page to %s', granted.role);
    end loop;
end $$;

-- For processes of the version before, which run on until they are restarted.
create or replace function pollster.search_posts(a_wall bigint, a_words text, a_before bigint, a_limit bigint) returns setof bigint
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select s.post_id from pollster.search_page(a_wall, a_words, a_before, a_limit) s where s.holds
$$;

revoke execute on function pollster.search_by_index, pollster.search_page, pollster.search_posts from public;
