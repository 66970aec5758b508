-- The search of a wall, in place of that of 0007, which took 70 ms for two common words that never meet and 5 s for a phrase of common
-- words (a wall of a million posts).

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

-- Matches among the posts from a_above to below a_before, by the indexes alone. Planned anew each time (0.1 ms): a plan for any wall
-- expects the posts of an average one, and would read and parse every post of a large one. To start workers costs more than they save,
-- and to parse a post four times what the planner believes.
create or replace function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.wall_id = a_wall and p.id >= a_above and p.id < a_before and pollster.words(p.wall_id, p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

-- Posts that hold the words (as websearch_to_tsquery reads them), newest first. `holds` is false in a last row where the search stopped
-- before the end of the wall: it goes on below this post.
--
-- The index lists every match of the whole wall, so what is common is looked for among the newest first: 200 posts are read, and 1,800 more
-- (20 ms) if those will about fill the page. Then the index is asked for the posts that will hold the rest of the page, and then for all.
-- It knows which words a post has, not their order, and nothing of posts that lack a word. For a phrase it names candidates, for exclusions
-- alone every post is one, and those have to be read, 10 us each: "the of" would be looked for in every post. So such a search stops after
-- 2,000 posts or, where its words are rare, 1,000 candidates.
create function pollster.search_page(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    query constant tsquery := websearch_to_tsquery('simple', a_words);
    no_word constant boolean := querytree(query) in ('', 'T');
    unsure constant boolean := no_word or query::text like '%<%'; -- which no word has, and every phrase
    of_wall constant tsquery := format('''wall %s''', a_wall);
    likely tsquery := query; -- what the index can tell
    oldest bigint := a_before; -- all from here on were looked at
    wanted bigint := a_limit;
    readable bigint := 1000;
    step bigint;
    next bigint;
    n bigint;
begin
    if numnode(query) = 0 then
        return;
    end if;
    if unsure then
        likely := case when no_word then of_wall else regexp_replace(querytree(query), '<(-|\d+)>', '&', 'g')::tsquery end;
    end if;

    foreach step in array array[200, 1800] loop
        n := 0;
        for post_id, holds in
            select x.id, x.words @@ query
            from (select p.id::bigint, pollster.words(p.wall_id, p.body::text) as words from pollster.posts p
                  where p.wall_id = a_wall and p.id < oldest order by p.id desc limit step) x
            where x.words @@ likely order by x.id desc
        loop
            n := n + 1;
            if holds then
                return next;
                wanted := wanted - 1;
                if wanted = 0 then
                    return;
                end if;
            end if;
        end loop;
        select p.id into next from pollster.posts p
            where p.wall_id = a_wall and p.id < oldest order by p.id desc offset step - 1 limit 1;
        if next is null then
            return;
        end if;
        oldest := next;
        exit when n * 10 < a_limit and not (unsure and n * 50 > step);
    end loop;
    if unsure and n * 50 > step then
        return query select oldest, false;
        return;
    end if;

    -- The list of the wall's posts is left out where about every second post is of this wall: to read it costs half as much as that of a
    -- common word, and spares less.
    select p.id into next from pollster.posts p where p.wall_id = a_wall order by p.id desc limit 1;
    if next > 2 * (select h.last_entry from pollster.heads h where h.wall_id = a_wall) then
        likely := of_wall && likely;
    end if;

    if n > 0 then
        -- The words will be about as frequent there as in the last step.
        select p.id into next from pollster.posts p where p.wall_id = a_wall and p.id < oldest
            order by p.id desc offset (case when unsure then readable else 2 * wanted end) * step / n limit 1;
    else
        -- Words of former times: a hundred posts, spread evenly, tell from where on a few in a hundred are enough, if any holds them.
        select p.id into next
            from (select min(p.id) as first from pollster.posts p where p.wall_id = a_wall) w
            cross join generate_series(1, 100) k
            cross join lateral (select p.id, p.wall_id, p.body from pollster.posts p
                where p.wall_id = a_wall and p.id < w.first + (oldest - w.first) / 100 * k order by p.id desc limit 1) p
            where pollster.words(p.wall_id, p.body::text) @@ likely order by p.id desc offset 2 limit 1;
    end if;
    foreach next in array array[coalesce(next, 0), 0] loop
        for post_id, holds in
            select c.id, not unsure or (select pollster.words(p.wall_id, p.body::text) @@ query from pollster.posts p
                                        where p.wall_id = a_wall and p.id = c.id)
            from pollster.search_by_index(a_wall, likely, next, oldest, case when unsure then readable else wanted end) c(id)
        loop
            readable := readable - 1;
            if holds then
                return next;
                wanted := wanted - 1;
                if wanted = 0 then
                    return;
                end if;
            end if;
            if unsure and readable = 0 then
                holds := false;
                return next;
                return;
            end if;
        end loop;
        exit when next = 0;
        oldest := next;
    end loop;
end $$;

-- For processes of the version before, which run on until they are restarted.
create or replace function pollster.search_posts(a_wall bigint, a_words text, a_before bigint, a_limit bigint) returns setof bigint
    language sql stable set search_path = pg_catalog, pg_temp
as $$
    select s.post_id from pollster.search_page(a_wall, a_words, a_before, a_limit) s where s.holds
$$;

revoke execute on function pollster.search_by_index, pollster.search_page, pollster.search_posts from public;
