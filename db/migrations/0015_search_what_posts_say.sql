-- The search by the terms of 0014: how a query is read, and how what it asks for is found. bench/search measures this one.

-- The terms of a folded text, each as a tsquery, and what it says of the marked text. A sign that stands alone may have any follower.
create function pollster.terms_of(a_folded text) returns table (term text, marked text)
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
    words constant text := btrim(regexp_replace(a_folded collate "C", '[^' || pollster.letters() || ']+', ' ', 'g'));
    signs constant text[] := array[' '] || pollster.signs(a_folded) || array[' '];
begin
    return query
        select distinct '''' || replace(replace(x.term, E'\\', E'\\\\'), '''', '''''') || '''' || case when x.more then ':*' else '' end, x.marked
        from (select left(w, 200) as term, length(w) > 200 as more,
                     E'\x01' || left(w, 200) || case when length(w) > 200 then '' else E'\x01' end as marked
              from unnest(string_to_array(words, ' ')) w
              union all
              select rtrim(s.sign || s.next), s.next = ' ', rtrim(s.sign || s.next)
              from unnest(signs, signs[2:], signs[3:]) s(last, sign, next)
              where s.sign <> ' '
                  and (s.next <> ' ' or (s.last = ' ' and strpos(pollster.ordinary_marks() || '/_-', s.sign) = 0))) x;
end $$;

-- One of the ways in which a post can say what a query asks for. All texts are folded.
create type pollster.search_way as (
    inside text[],          -- what the text contains at least
    parts text[],           -- parts of the marked text
    phrases text[],         -- patterns that it matches: words in this order, nothing but spaces and marks between them
    without text[],         -- no parts of it
    without_phrases text[], -- it matches none of these
    terms text[],           -- in the index, each as a tsquery; none: the index cannot tell
    marked text[],          -- what each of these says of the marked text
    without_terms text[],   -- if sure
    sure boolean            -- the terms say it all
);

-- How a query is read, as docs/PROTOCOL.md says: all the parts between spaces, "quoted together", `or` others, -without. Marks at the ends
-- of a part are not compared if it says more, and parts of nothing but marks only if there is no other.
create function pollster.search_ways(a_words text) returns setof pollster.search_way
    language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
    query constant text collate "C" := pollster.folded(a_words);
    words text[] := case when query = '' then '{}' else string_to_array(query, ' ') end;
    marks constant text := pollster.ordinary_marks();
    between_words constant text := E'\x01[ -/:-@[-`{-~' || translate(marks, '.,:;!?''"()[]{}', '') || E']+\x01';
    -- One element for each part.
    texts text[] := '{}';
    written text[] := '{}';
    quoted boolean[] := '{}';
    excluded boolean[] := '{}';
    way_of int[] := '{}';
    n int := 1; -- ways
    i int := 1;
    last int;
    word text;
    quote text;
    negative boolean;
    says_more boolean;
    way pollster.search_way;
    known record;
begin
    if words = '{}' then
        return;
    end if;
    if cardinality(words) > 32 then
        words := array[query]; -- a text
    end if;
    while i <= cardinality(words) loop
        if words[i] = 'or' and n = any (way_of) and i < cardinality(words) then
            n := n + 1;
            i := i + 1;
            continue;
        end if;
        -- Of marks only a quote can follow the one that excludes: --all and -> are as they are written.
        negative := words[i] ~ '^-[^!#-/:-@[-`{-~]';
        word := substr(words[i], 1 + negative::int);
        quote := '';
        last := i;
        if left(word, 1) = '"' then
            -- Up to the next part that ends with one.
            select min(k) into last from generate_series(i, cardinality(words)) k
                where right(words[k], 1) = '"' and (k > i or length(word) > 1);
            if last is not null then
                quote := array_to_string(array[word] || words[i + 1:last], ' ');
                quote := btrim(substr(quote, 2, length(quote) - 2));
            end if;
        end if;
        last := case when quote = '' then i else last end;
        texts := texts || case when quote = '' then word else quote end;
        written := written || array_to_string(words[i:last], ' ');
        quoted := quoted || (quote <> '');
        excluded := excluded || negative;
        way_of := way_of || n;
        i := last + 1;
    end loop;

    for w in 1..n loop
        -- What excludes only is no search, but a text: -la.
        if not exists (select from unnest(excluded, way_of) x(negative, way_of) where x.way_of = w and not x.negative) then
            texts := array(select case when x.way_of = w then x.written else x.text end from unnest(texts, written, way_of) x(text, written, way_of));
            excluded := array(select x.negative and x.way_of <> w from unnest(excluded, way_of) x(negative, way_of));
        end if;
        says_more := exists (select from unnest(texts, excluded, way_of) x(text, negative, way_of)
                             where x.way_of = w and not x.negative and btrim(x.text, marks || '/_-') <> '');
        way := row('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', true)::pollster.search_way;
        for i in 1..cardinality(texts) loop
            word := texts[i];
            continue when way_of[i] <> w or (says_more and not quoted[i] and btrim(word, marks || '/_-') = '');
            if not quoted[i] and btrim(word, marks) <> '' then
                word := btrim(word, marks);
            end if;
            select coalesce(array_agg(t.term), '{}') as terms, coalesce(array_agg(t.marked), '{}') as marked into known from pollster.terms_of(word) t;
            way.sure := way.sure and known.marked = array[pollster.marked(word)];
            if excluded[i] then
                way.without_terms := way.without_terms || known.terms;
            else
                way.terms := way.terms || known.terms;
                way.marked := way.marked || known.marked;
            end if;
            if quoted[i] and word ~ ('^[' || pollster.letters() || ']+( [' || pollster.letters() || ']+)+$') then
                if excluded[i] then
                    way.without_phrases := way.without_phrases || (E'\x01' || replace(word, ' ', between_words) || E'\x01');
                else
                    way.phrases := way.phrases || (E'\x01' || replace(word, ' ', between_words) || E'\x01');
                    way.inside := way.inside || string_to_array(word, ' ');
                end if;
            elsif excluded[i] then
                way.without := way.without || pollster.marked(word);
            else
                way.parts := way.parts || pollster.marked(word);
                way.inside := way.inside || word;
            end if;
        end loop;
        return next way;
    end loop;

    -- It may be a text all the same: ls -la.
    if true = any (excluded) then
        select array[query], array[pollster.marked(query)], '{}', '{}', '{}', coalesce(array_agg(t.term), '{}'), coalesce(array_agg(t.marked), '{}'),
               '{}', false
            into way from pollster.terms_of(query) t;
        return next way;
    end if;
end $$;

-- Does a folded text say it in one of these ways?
create function pollster.says(a_folded text, a_ways pollster.search_way[]) returns boolean language plpgsql immutable parallel safe
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

-- Matches among the posts from a_above to below a_before, by the indexes alone. Planned anew each time: a plan for any wall expects the
-- posts of an average one, and would read and fold every post of a large one. "+ 0": so would a plan for a wall that the statistics do
-- not know yet (plans_pgtest). To start workers costs more than they save, to fold a post more than the planner believes, and a bitmap
-- that does not fit into work_mem has whole pages folded.
create or replace function pollster.search_by_index(a_wall bigint, a_query tsquery, a_above bigint, a_before bigint, a_limit bigint)
    returns setof bigint
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_bitmapscan = on set enable_indexscan = off set enable_seqscan = off
    set max_parallel_workers_per_gather = 0 set jit = off set cpu_operator_cost = 0.01 set work_mem = '64MB'
    set plan_cache_mode = force_custom_plan
as $$
begin
    return query select p.id::bigint from pollster.posts p
        where p.wall_id + 0 = a_wall and p.id >= a_above and p.id < a_before and pollster.terms(p.wall_id, p.body::text) @@ a_query
        order by p.id desc limit a_limit;
end $$;

-- Which terms to ask the index for, where a_sample are posts of the wall, folded; null: it cannot tell. `unsure`: it will name candidates. Of
-- the sample it would name `posts`.
create function pollster.likely_terms(a_ways pollster.search_way[], a_sample text[])
    returns table (query tsquery, unsure boolean, posts bigint)
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    sample constant text[] := array(select pollster.marked(s) from unnest(a_sample) s where s is not null);
    likely boolean[] := array(select false from unnest(sample));
    way pollster.search_way;
    conditions text[] := '{}';
begin
    unsure := false;
    foreach way in array a_ways loop
        if not way.sure or cardinality(way.terms || way.without_terms) > 6 then
            unsure := true;
            way.without_terms := '{}';
            -- The six that are rarest. A sign that many posts have, with any follower, is a long list: only if there is nothing else.
            select coalesce(array_agg(r.term), '{}'), coalesce(array_agg(r.marked), '{}') into way.terms, way.marked
                from (select t.term, t.marked, row_number() over (order by c.long, c.posts, length(t.marked) desc) as place, c.long
                      from unnest(way.terms, way.marked) t(term, marked)
                      cross join lateral (select count(*) as posts, t.term like '%:*' and count(*) * 20 > cardinality(sample) as long
                                          from unnest(sample) s where strpos(s, t.marked) > 0) c) r
                where r.place = 1 or (r.place <= 6 and not r.long);
        end if;
        if way.terms = '{}' then
            unsure := true;
            posts := cardinality(sample);
            return next;
            return;
        end if;
        conditions := conditions || array_to_string(way.terms || array(select '!' || t from unnest(way.without_terms) t), ' & ');
        likely := array(select s.likely or not exists (select from unnest(way.marked) m where strpos(s.text, m) = 0)
                        from unnest(sample, likely) s(text, likely));
    end loop;
    query := (select string_agg('(' || c || ')', ' | ') from unnest(conditions) c)::tsquery;
    posts := cardinality(array_positions(likely, true));
    return next;
end $$;

-- Has the table of posts an index of terms? An application whose own tables hold the posts may not have made it yet.
create function pollster.terms_are_indexed() returns boolean
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
    return (with recursive source as (
        select 'pollster.posts'::regclass::oid as relation
        union
        select d.refobjid from source s join pg_rewrite r on r.ev_class = s.relation
            join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    )
    select exists (select from source s join pg_index i on i.indrelid = s.relation
                       join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid and d.refclassid = 'pg_proc'::regclass
                           and d.refobjid = 'pollster.terms(bigint, text)'::regprocedure
                   where i.indisvalid));
end $$;

-- Posts that say what a query asks for, newest first. `holds` is false in a last row where the search stopped before the end of the wall: it
-- goes on below this post.
--
-- The index lists every match of the whole wall, so what is common is looked for among the newest first: 200 posts are read, and 1,800 more
-- (bench/search) if those will about fill the page. Then the index is asked for the posts that will hold the rest of the page, and then for
-- all. It knows which terms a post has, not where. For a word or two signs that is all; for an address, a phrase or a line it names
-- candidates, and those have to be read, 20 us each. So such a search asks for the six terms that are rarest in the newest posts, and stops
-- after 2,000 posts or, where few posts have these, 1,000 candidates. Long posts count for more: no search reads over 256 KB and a post.
create or replace function pollster.search_page(a_wall bigint, a_words text, a_before bigint, a_limit bigint)
    returns table (post_id bigint, holds boolean)
    language plpgsql stable set search_path = pg_catalog, pg_temp set enable_indexscan = on set jit = off
as $$
declare
    ways pollster.search_way[] := array(select w from pollster.search_ways(a_words) w);
    way pollster.search_way;
    of_wall constant tsquery := format('''wall %s''', a_wall);
    lowest constant bigint := -9223372036854775808;
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
        for post in select p.id, pollster.folded(p.body::text) as body, coalesce(octet_length(p.body::text), 0) as length
            from pollster.posts p where p.wall_id = a_wall and p.id < oldest order by p.id desc limit step
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
    if (select max(p.id) from pollster.posts p) > 2 * (select h.last_entry from pollster.heads h where h.wall_id = a_wall) then
        likely := of_wall && likely;
    end if;

    for stage in 1..3 loop
        next := lowest;
        if stage = 1 then
            -- The terms will be about as frequent there as in the last step.
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
                where octet_length(p.body) < 2000 and pollster.terms(a_wall, p.body) @@ likely order by p.id desc offset 2 limit 1;
            continue when next is null;
        end if;
        for post in
            select s.id, p.body, coalesce(octet_length(p.body), 0) as length
            from pollster.search_by_index(a_wall, likely, next, oldest, case when unsure then candidates else wanted end) s(id)
            left join lateral (select p.body::text as body from pollster.posts p where unsure and p.wall_id = a_wall and p.id = s.id offset 0) p on true
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

drop index if exists pollster_default.posts_words;
do $$
begin
    drop function pollster.words(bigint, text);
exception when dependent_objects_still_exist then
    null; -- an application's index, which may go: docs/DATABASE.md
end $$;
