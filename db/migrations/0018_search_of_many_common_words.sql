-- A search of many words is no slower than one of two, whatever they are and however often they are repeated: the time that the index takes is
-- the number of posts that it goes through times the number of terms that it compares with each.

-- Which terms to ask the index for, where a_sample are posts of the wall, folded; null: it cannot tell, or would take too long. `unsure`: it
-- will name candidates. Of the sample it would name `posts`.
--
-- Of each way the rarest terms, at most six, and fewer the more posts have the rarest: of words that every second post has, two. A sign that
-- many posts have, with any follower, is a long list: only if there is nothing else, or it says it all. Ways that come to the same are asked
-- for once. For several, the index goes through the posts of all terms that are no more common than the rarest term of some way.
create or replace function pollster.likely_terms(a_ways pollster.search_way[], a_sample text[])
    returns table (query tsquery, unsure boolean, posts bigint)
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    sample constant text[] := array(select pollster.marked(s) from unnest(a_sample) s where s is not null);
    most constant bigint := cardinality(sample) * 5 / 4; -- posts times terms: about 40 ms for a wall of a million posts
    likely boolean[] := array(select false from unnest(sample));
    way pollster.search_way;
    known record;
    condition text;
    conditions text[] := '{}';
    all_terms text[] := '{}'; -- of all conditions
    all_posts bigint[] := '{}';
    rarest bigint := 0;
    through bigint;
begin
    unsure := false;
    foreach way in array a_ways loop
        select coalesce(array_agg(r.term order by r.place), '{}') as terms, coalesce(array_agg(r.marked order by r.place), '{}') as marked,
               coalesce(array_agg(r.posts order by r.place), '{}') as posts, coalesce(max(r.terms), 0) as terms_of_way
            into known
            from (select t.*, c.posts, c.long, count(*) over () as terms, row_number() over w as place, first_value(c.posts) over w as fewest
                  from (select distinct x.term, x.marked from unnest(way.terms, way.marked) x(term, marked)) t
                  cross join lateral (select count(*) as posts, not way.sure and t.term like '%:*' and count(*) * 20 > cardinality(sample) as long
                                      from unnest(sample) s where strpos(s, t.marked) > 0) c
                  window w as (order by c.long, c.posts, length(t.marked) desc, t.term)) r
            where r.place = 1 or (r.place <= 6 and not r.long and r.place * r.fewest <= most);
        if known.terms = '{}' then
            unsure := true;
            posts := cardinality(sample);
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
        -- What an alternative asks for alone says nothing new if another asks for less. (A beginning of a word is not the word.)
        if not exists (select from unnest(conditions) c
                       where c = condition or ((c || condition) !~ '!|:[*]' and condition::tsquery @> c::tsquery)) then
            conditions := conditions || condition;
            all_terms := all_terms || known.terms || way.without_terms;
            all_posts := all_posts || known.posts || array(select null::bigint from unnest(way.without_terms));
            rarest := greatest(rarest, known.posts[1]);
        end if;
    end loop;
    posts := cardinality(array_positions(likely, true));
    through := (select sum(t.posts) from (select distinct x.term, x.posts from unnest(all_terms, all_posts) x(term, posts)) t where t.posts <= rarest);
    if cardinality(conditions) > 1 and through * cardinality(all_terms) > most then
        unsure := true;
    else
        query := (select string_agg('(' || c || ')', ' | ') from unnest(conditions) c)::tsquery;
    end if;
    return next;
end $$;
